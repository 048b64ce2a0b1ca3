-- Entry spans in $buckets buckets of equal counts, in the order of time: from when each is, when all of it was over, how
-- many entries, how many failed, how many were slower than nine tenths, and than half, of their operation. Slowness is a
-- rank within the operation over all the evidence, so neither its unit nor the mix of operations matters.
WITH entries AS (
    SELECT
        s.start_time_unix_nano,
        s.duration_nano,
        COALESCE(s.status_code = 'error' OR s.http_response_status_code >= 500, FALSE) AS has_error,
        QUANTILE_CONT(s.duration_nano, 0.9) OVER (PARTITION BY s.service_name, s.name) AS slow_nano,
        QUANTILE_CONT(s.duration_nano, 0.5) OVER (PARTITION BY s.service_name, s.name) AS middle_nano,
        NTILE($buckets) OVER (ORDER BY s.start_time_unix_nano, s.span_number) AS bucket
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    WHERE t.parent_number IS NULL
)
SELECT
    MIN(start_time_unix_nano) AS starts,
    MAX(start_time_unix_nano) AS ends,
    MAX(start_time_unix_nano + duration_nano) AS over,
    COUNT(*) AS total,
    COUNT(*) FILTER (WHERE has_error) AS errors,
    COUNT(*) FILTER (WHERE duration_nano > slow_nano) AS slow,
    COUNT(*) FILTER (WHERE duration_nano > middle_nano) AS slower
FROM entries
GROUP BY bucket
ORDER BY bucket
