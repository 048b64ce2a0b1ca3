-- One row a kind of origin: how many traces of each phase it is charged with, of how many that ran its operation, and
-- an exemplar.
WITH run AS (
    SELECT
        s.service_name,
        s.name AS operation,
        COUNT(DISTINCT o.trace_number) FILTER (WHERE o.phase = 'incident') AS ran_incident,
        COUNT(DISTINCT o.trace_number) FILTER (WHERE o.phase = 'baseline') AS ran_baseline
    FROM spans AS s
    JOIN topology AS t ON t.span_number = s.span_number
    JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
    WHERE (s.service_name, s.name) IN (SELECT e.service_name, e.operation FROM error_origins AS e)
    GROUP BY s.service_name, s.name
)
SELECT
    e.at_fault_service,
    e.operation,
    e.peer,
    e.error_type,
    e.reach,
    COALESCE(MAX(r.ran_incident), 0) AS ran_incident,
    COALESCE(MAX(r.ran_baseline), 0) AS ran_baseline,
    MIN(e.service_name) AS service_name,
    COUNT(*) FILTER (WHERE phase = 'incident') AS traces,
    COUNT(*) FILTER (WHERE phase = 'baseline') AS baseline_traces,
    COUNT(*) FILTER (WHERE phase = 'incident' AND has_error) AS reached_entry,
    COUNT(*) FILTER (WHERE phase = 'incident' AND COALESCE(is_order_uncertain, FALSE)) AS order_uncertain,
    COUNT(*) FILTER (WHERE symptomatic) AS symptomatic_with,
    COUNT(*) FILTER (WHERE NOT symptomatic) AS healthy_with,
    MIN(start_time_unix_nano) FILTER (WHERE phase = 'incident') AS first_nano,
    MAX(start_time_unix_nano + duration_nano) FILTER (WHERE phase = 'incident') AS last_nano,
    ARG_MIN(how, start_time_unix_nano) FILTER (WHERE phase = 'incident') AS how,
    ARG_MIN(message, start_time_unix_nano) FILTER (WHERE phase = 'incident') AS message
FROM error_origins AS e
LEFT JOIN run AS r ON r.service_name = e.service_name AND r.operation = e.operation
GROUP BY e.at_fault_service, e.operation, e.peer, e.error_type, e.reach
HAVING COUNT(*) FILTER (WHERE phase = 'incident') > 0
ORDER BY traces DESC, e.at_fault_service, e.operation, e.error_type
