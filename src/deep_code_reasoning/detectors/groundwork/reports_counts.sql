-- The lines of report_lines by service: how many, in how many symptomatic and healthy traces, when, and some of them.
SELECT
    p.service_name,
    COUNT(*) FILTER (WHERE p.phase = 'incident') AS lines,
    COUNT(*) FILTER (WHERE p.phase = 'baseline') AS lines_before,
    COUNT(o.trace_number) FILTER (WHERE p.phase = 'incident') AS traced,
    COUNT(DISTINCT CASE WHEN o.symptomatic THEN o.trace_number END) AS symptomatic_with,
    COUNT(DISTINCT CASE WHEN NOT o.symptomatic THEN o.trace_number END) AS healthy_with,
    MIN(p.time_unix_nano) FILTER (WHERE p.phase = 'incident') AS first_nano,
    MAX(p.time_unix_nano) FILTER (WHERE p.phase = 'incident') AS last_nano,
    MIN(p.text) FILTER (WHERE p.phase = 'incident') AS text,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic) AS healthy
FROM report_lines AS p
LEFT JOIN trace_outcomes AS o ON o.trace_id = p.trace_id
GROUP BY p.service_name
HAVING COUNT(*) FILTER (WHERE p.phase = 'incident') > 0
ORDER BY lines DESC, p.service_name
