-- Services above one service on symptomatic traces that pass through it: in how many of those traces each is.
-- Of at most $traces traces, the first ones.
WITH RECURSIVE
affected AS (
    SELECT DISTINCT o.trace_number
    FROM trace_outcomes AS o
    JOIN topology AS t ON t.trace_number = o.trace_number
    JOIN spans AS s ON s.span_number = t.span_number
    WHERE o.symptomatic AND s.service_name = $service
    ORDER BY o.trace_number
    LIMIT $traces
),
above AS (
    SELECT t.trace_number, t.parent_number AS span_number
    FROM affected AS a
    JOIN topology AS t ON t.trace_number = a.trace_number
    JOIN spans AS s ON s.span_number = t.span_number
    WHERE s.service_name = $service AND t.parent_number IS NOT NULL
    UNION
    SELECT t.trace_number, t.parent_number AS span_number
    FROM above AS a
    JOIN topology AS t ON t.span_number = a.span_number
    WHERE t.parent_number IS NOT NULL
)
SELECT
    s.service_name,
    COUNT(DISTINCT a.trace_number) AS traces,
    (SELECT COUNT(*) FROM affected) AS affected
FROM above AS a
JOIN spans AS s ON s.span_number = a.span_number
WHERE s.service_name IS NOT NULL AND s.service_name <> $service
GROUP BY s.service_name
ORDER BY traces DESC, s.service_name
