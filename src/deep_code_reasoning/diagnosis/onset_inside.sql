-- Traces in $buckets buckets of equal counts, in the order of time: from when each is, when all of it was over, how many
-- traces, in how many of them a request failed at some service, and at $service, and in how many anything failed: also a
-- call that was refused to its caller alone (a conflict, a lost lease), which no server counts as its own failure.
WITH failing AS (
    SELECT
        t.trace_number,
        BOOL_OR(s.kind IN ('server', 'consumer')) AS request,
        BOOL_OR(s.kind IN ('server', 'consumer') AND s.service_name = $service) AS at_service
    FROM spans AS s
    JOIN topology AS t ON t.span_number = s.span_number
    WHERE s.status_code = 'error' OR s.http_response_status_code >= 500
    GROUP BY t.trace_number
),
starts AS (
    SELECT
        t.trace_number,
        MIN(s.start_time_unix_nano) AS start_time_unix_nano,
        MAX(s.start_time_unix_nano + s.duration_nano) AS over
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    WHERE t.parent_number IS NULL
    GROUP BY t.trace_number
),
ordered AS (
    SELECT *, NTILE($buckets) OVER (ORDER BY start_time_unix_nano, trace_number) AS bucket
    FROM starts
)
SELECT
    MIN(o.start_time_unix_nano) AS starts,
    MAX(o.start_time_unix_nano) AS ends,
    MAX(o.over) AS over,
    COUNT(*) AS total,
    COUNT(*) FILTER (WHERE f.request) AS errors,
    COUNT(*) FILTER (WHERE f.at_service) AS at_service,
    COUNT(f.trace_number) AS calls
FROM ordered AS o
LEFT JOIN failing AS f ON f.trace_number = o.trace_number
GROUP BY o.bucket
ORDER BY o.bucket
