-- The spans of the waits of deadlock_waits (cycle group, span_number), the longest first.
SELECT
    d.cycle_group,
    s.service_name,
    s.trace_id,
    s.span_id,
    w.key,
    w.end_nano - w.start_nano AS wait_nano,
    s.code_file_path,
    s.code_line_number,
    s.code_function_name
FROM deadlock_waits AS d
JOIN spans AS s ON s.span_number = d.span_number
JOIN lock_waits AS w ON w.span_number = d.span_number
ORDER BY d.cycle_group, wait_nano DESC, d.span_number
