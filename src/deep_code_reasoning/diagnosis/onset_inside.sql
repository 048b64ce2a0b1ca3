-- Traces in $buckets buckets of equal counts, in the order of time: from when each is, how many traces, in how many of
-- them a request failed at some service, and at $service.
WITH failing AS (
    SELECT t.trace_number, MAX(CASE WHEN s.service_name = $service THEN 1 ELSE 0 END) AS at_service
    FROM spans AS s
    JOIN topology AS t ON t.span_number = s.span_number
    WHERE s.kind IN ('server', 'consumer') AND (s.status_code = 'error' OR s.http_response_status_code >= 500)
    GROUP BY t.trace_number
),
starts AS (
    SELECT trace_number, MIN(start_time_unix_nano) AS start_time_unix_nano
    FROM topology
    WHERE parent_number IS NULL
    GROUP BY trace_number
),
ordered AS (
    SELECT *, NTILE($buckets) OVER (ORDER BY start_time_unix_nano, trace_number) AS bucket
    FROM starts
)
SELECT
    MIN(o.start_time_unix_nano) AS starts,
    MAX(o.start_time_unix_nano) AS ends,
    COUNT(*) AS total,
    COUNT(f.trace_number) AS errors,
    COUNT(*) FILTER (WHERE f.at_service = 1) AS at_service
FROM ordered AS o
LEFT JOIN failing AS f ON f.trace_number = o.trace_number
GROUP BY o.bucket
ORDER BY o.bucket
