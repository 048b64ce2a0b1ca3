-- A row a host: how many traces touch it, and in how many of those the symptom shows.
SELECT
    s.host,
    COUNT(DISTINCT CASE WHEN o.symptomatic THEN o.trace_number END) AS symptomatic_with,
    COUNT(DISTINCT CASE WHEN NOT o.symptomatic THEN o.trace_number END) AS healthy_with,
    MIN(s.service_name) AS service_name,
    COUNT(DISTINCT s.service_name) AS services,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic) AS healthy
FROM spans AS s
JOIN topology AS t ON t.span_number = s.span_number
JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
WHERE s.host IS NOT NULL
GROUP BY s.host;
