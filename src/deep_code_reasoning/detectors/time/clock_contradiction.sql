-- Of the traces with and without the symptom, how many has the host written in since a moment (by its own clock)?
WITH touched AS (
    SELECT DISTINCT t.trace_number
    FROM spans AS s
    JOIN topology AS t ON t.span_number = s.span_number
    WHERE s.host = $host AND s.start_time_unix_nano + s.duration_nano >= $since
)
SELECT
    COUNT(*) FILTER (WHERE o.symptomatic AND h.trace_number IS NOT NULL) AS symptomatic_with,
    COUNT(*) FILTER (WHERE o.symptomatic) AS symptomatic,
    COUNT(*) FILTER (WHERE NOT o.symptomatic AND h.trace_number IS NOT NULL) AS healthy_with,
    COUNT(*) FILTER (WHERE NOT o.symptomatic) AS healthy
FROM trace_outcomes AS o
LEFT JOIN touched AS h ON h.trace_number = o.trace_number;
