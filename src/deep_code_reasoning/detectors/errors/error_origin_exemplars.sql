-- The first spans of one origin in the incident, with where the code is; spans that reached the entry come first.
SELECT
    o.trace_id,
    s.span_id,
    s.code_file_path,
    s.code_line_number,
    s.code_function_name,
    e.exception_stacktrace
FROM error_origins AS o
JOIN spans AS s ON s.span_number = o.span_number
LEFT JOIN events AS e ON e.span_number = o.span_number AND e.exception_stacktrace IS NOT NULL
WHERE o.phase = 'incident'
    AND o.at_fault_service IS NOT DISTINCT FROM $at_fault_service
    AND o.operation = $operation
    AND o.peer IS NOT DISTINCT FROM $peer
    AND o.error_type = $error_type
    AND o.reach = $reach
ORDER BY o.has_error DESC, o.start_time_unix_nano, o.span_number
LIMIT 3
