-- A row a process: traces with one of its spans under way during one of its long pauses, with and without the symptom,
-- and how many of those that failed outright.
WITH covered AS (
    SELECT DISTINCT p.process, t.trace_number
    FROM gc_pauses AS p
    LEFT JOIN spans AS s
        ON s.service_name = p.service_name
        AND s.host = p.host
        AND s.start_time_unix_nano < p.end_nano
        AND s.start_time_unix_nano + s.duration_nano > p.begin_nano
    LEFT JOIN topology AS t ON t.span_number = s.span_number
)
SELECT
    c.process,
    COUNT(CASE WHEN o.symptomatic THEN 1 END) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(CASE WHEN NOT o.symptomatic THEN 1 END) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic) AS healthy,
    COUNT(CASE WHEN o.symptomatic AND o.has_error THEN 1 END) AS failing_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic AND has_error) AS failing
FROM covered AS c
LEFT JOIN trace_outcomes AS o ON o.trace_number = c.trace_number
GROUP BY c.process
ORDER BY c.process;
