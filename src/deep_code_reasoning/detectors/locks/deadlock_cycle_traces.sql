-- The traces of deadlock_traces (cycle group, trace_number): in how many symptomatic and healthy ones, and by phase.
SELECT
    d.cycle_group,
    COUNT(DISTINCT CASE WHEN o.symptomatic THEN o.trace_number END) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(DISTINCT CASE WHEN NOT o.symptomatic THEN o.trace_number END) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic) AS healthy,
    COUNT(DISTINCT CASE WHEN o.phase = 'incident' THEN o.trace_number END) AS incident_with,
    COUNT(DISTINCT CASE WHEN o.phase = 'baseline' THEN o.trace_number END) AS baseline_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE phase = 'incident') AS incident,
    (SELECT COUNT(*) FROM trace_outcomes WHERE phase = 'baseline') AS baseline
FROM deadlock_traces AS d
JOIN trace_outcomes AS o ON o.trace_number = d.trace_number
GROUP BY d.cycle_group
