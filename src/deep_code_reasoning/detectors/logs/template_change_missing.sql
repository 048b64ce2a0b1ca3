-- The first spans of the incident in which the operation ran without writing the line.
SELECT s.trace_id, s.span_id
FROM spans AS s
JOIN trace_outcomes AS o ON o.trace_id = s.trace_id
LEFT JOIN logs AS l ON l.trace_id = s.trace_id AND l.span_id = s.span_id AND l.template_id = $template_id
WHERE o.phase = 'incident'
    AND s.service_name IS NOT DISTINCT FROM $service_name
    AND s.name = $operation
    AND l.log_number IS NULL
ORDER BY o.symptomatic DESC, s.start_time_unix_nano, s.span_number
LIMIT 2
