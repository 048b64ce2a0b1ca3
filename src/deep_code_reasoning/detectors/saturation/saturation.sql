-- A row for each of `saturated`: traces with a span of the service (or on the machine) under way while it lasted, among
-- all traces with the symptom, and among those without it that were under way meanwhile. What records no spans at all
-- is in no trace whatever happens: it has no row.
WITH meanwhile AS (
    SELECT c.number, o.trace_number, o.symptomatic
    FROM saturated AS c
    JOIN trace_outcomes AS o
        ON o.symptomatic
        OR (o.start_time_unix_nano < c.end_nano AND o.start_time_unix_nano + o.duration_nano > c.begin_nano)
),
concerned AS (
    SELECT DISTINCT c.number, t.trace_number
    FROM saturated AS c
    JOIN spans AS s
        ON s.start_time_unix_nano < c.end_nano
        AND s.start_time_unix_nano + s.duration_nano > c.begin_nano
        AND (s.service_name = c.service_name OR s.host = c.host)
    JOIN topology AS t ON t.span_number = s.span_number
)
SELECT
    m.number,
    COUNT(CASE WHEN m.symptomatic AND c.number IS NOT NULL THEN 1 END) AS symptomatic_with,
    COUNT(CASE WHEN m.symptomatic THEN 1 END) AS symptomatic,
    COUNT(CASE WHEN NOT m.symptomatic AND c.number IS NOT NULL THEN 1 END) AS healthy_with,
    COUNT(CASE WHEN NOT m.symptomatic THEN 1 END) AS healthy
FROM meanwhile AS m
LEFT JOIN concerned AS c ON c.number = m.number AND c.trace_number = m.trace_number
WHERE m.number IN (
    SELECT r.number
    FROM saturated AS r
    JOIN (SELECT DISTINCT service_name, host FROM spans) AS s ON s.service_name = r.service_name OR s.host = r.host
)
GROUP BY m.number
ORDER BY m.number;
