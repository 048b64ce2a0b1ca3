-- One row a trace: its entry span (the earliest of the true roots, else of the orphans), how many spans it has, how many failed.
CREATE VIEW trace_roots AS
WITH ranked AS (
    SELECT
        t.trace_number,
        t.span_number,
        t.is_orphan,
        row_number() OVER (
            PARTITION BY t.trace_number ORDER BY t.is_orphan, t.in_cycle, t.start_time_unix_nano, t.span_number
        ) AS place
    FROM topology AS t
    WHERE t.parent_number IS NULL
),
totals AS (
    SELECT
        t.trace_number,
        count(*) AS spans,
        sum(CASE WHEN s.status_code = 'error' THEN 1 ELSE 0 END) AS errors
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    GROUP BY t.trace_number
)
SELECT
    r.trace_number,
    s.trace_id,
    s.span_number,
    s.service_name,
    s.name,
    s.kind,
    s.host,
    s.start_time_unix_nano,
    s.duration_nano,
    s.status_code,
    r.is_orphan,
    n.spans,
    CAST(n.errors AS BIGINT) AS errors
FROM ranked AS r
JOIN spans AS s ON s.span_number = r.span_number
JOIN totals AS n ON n.trace_number = r.trace_number
WHERE r.place = 1;
