-- Operations over time, one row an operation and bucket of `trace_buckets`: in how many traces it ran (`runs`), and over
-- those the sums of the share of its spans that failed, of the rank (0 to 1, within the operation) of its mean duration,
-- and of the rank of how often it ran. A trace counts once an operation: its spans had the same input.
WITH run AS (
    SELECT
        s.service_name,
        s.name AS operation,
        b.bucket,
        t.trace_number,
        COUNT(*) AS spans,
        AVG(s.duration_nano) AS duration_nano,
        AVG(CASE WHEN s.status_code = 'error' OR s.http_response_status_code >= 500 THEN 1.0 ELSE 0.0 END) AS failed
    FROM spans AS s
    JOIN topology AS t ON t.span_number = s.span_number
    JOIN trace_buckets AS b ON b.trace_number = t.trace_number
    GROUP BY s.service_name, s.name, b.bucket, t.trace_number
),
ranked AS (
    SELECT
        *,
        PERCENT_RANK() OVER (PARTITION BY service_name, operation ORDER BY duration_nano) AS duration_rank,
        PERCENT_RANK() OVER (PARTITION BY service_name, operation ORDER BY spans) AS spans_rank
    FROM run
)
SELECT
    service_name,
    operation,
    bucket,
    COUNT(*) AS runs,
    SUM(failed) AS errors,
    SUM(duration_rank) AS latency,
    SUM(spans_rank) AS calls
FROM ranked
GROUP BY service_name, operation, bucket
