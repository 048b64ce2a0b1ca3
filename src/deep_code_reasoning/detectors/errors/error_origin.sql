-- One row a kind of origin: how many traces of each phase it is charged with, and an exemplar.
SELECT
    at_fault_service,
    operation,
    peer,
    error_type,
    reach,
    MIN(service_name) AS service_name,
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
FROM error_origins
GROUP BY at_fault_service, operation, peer, error_type, reach
HAVING COUNT(*) FILTER (WHERE phase = 'incident') > 0
ORDER BY traces DESC, at_fault_service, operation, error_type
