-- A row a holder: traces that were part of one of its overlaps or late renewals, with and without the symptom.
SELECT
    p.holder,
    COUNT(CASE WHEN o.symptomatic THEN 1 END) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(CASE WHEN NOT o.symptomatic THEN 1 END) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic) AS healthy
FROM lease_traces AS p
JOIN trace_outcomes AS o ON o.trace_number = p.trace_number
GROUP BY p.holder
ORDER BY p.holder;
