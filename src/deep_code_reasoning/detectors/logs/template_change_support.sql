-- In how many symptomatic and healthy traces is the pattern: the line is there, or (`missing`) the operation ran
-- without writing it. Looked for in all traces of both windows;
-- first_nano and last_nano: the starts of the incident's first and last span with the pattern.
WITH ran AS (
    SELECT DISTINCT o.trace_number, o.trace_id, o.symptomatic, o.phase, s.span_number, s.span_id, s.start_time_unix_nano
    FROM spans AS s
    JOIN trace_outcomes AS o ON o.trace_id = s.trace_id
    WHERE o.phase <> 'outside' AND s.service_name IS NOT DISTINCT FROM $service_name AND s.name = $operation
),
judged AS (
    SELECT
        r.trace_number,
        r.symptomatic,
        CASE WHEN r.phase = 'incident' THEN r.start_time_unix_nano END AS incident_nano,
        (COUNT(l.log_number) = 0) = $missing AS has_pattern
    FROM ran AS r
    LEFT JOIN logs AS l ON l.trace_id = r.trace_id AND l.span_id = r.span_id AND l.template_id = $template_id
    GROUP BY r.trace_number, r.symptomatic, r.phase, r.span_number, r.start_time_unix_nano
)
SELECT
    COUNT(DISTINCT CASE WHEN symptomatic AND has_pattern THEN trace_number END) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(DISTINCT CASE WHEN NOT symptomatic AND has_pattern THEN trace_number END) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic AND phase <> 'outside') AS healthy,
    MIN(CASE WHEN has_pattern THEN incident_nano END) AS first_nano,
    MAX(CASE WHEN has_pattern THEN incident_nano END) AS last_nano
FROM judged
