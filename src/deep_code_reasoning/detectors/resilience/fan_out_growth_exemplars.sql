-- The requests of one operation with the most calls in the incident, each with a call that grew most.
WITH each AS (
    SELECT
        request_number,
        SUM(calls) AS calls,
        SUM(call_nano) > MAX(last_nano) - MIN(first_nano) AS is_parallel,
        MAX(CASE WHEN peer = $peer AND called = $called THEN span_number END) AS call_number
    FROM fan_out_calls
    GROUP BY request_number
)
SELECT
    s.trace_id,
    s.span_id,
    c.span_id AS call_span_id,
    e.calls,
    e.is_parallel,
    COALESCE(c.code_file_path, s.code_file_path) AS code_file_path,
    CASE WHEN c.code_file_path IS NULL THEN s.code_line_number ELSE c.code_line_number END AS code_line_number,
    CASE WHEN c.code_file_path IS NULL THEN s.code_function_name ELSE c.code_function_name END AS code_function_name
FROM each AS e
JOIN fan_out_requests AS r ON r.request_number = e.request_number
JOIN spans AS s ON s.span_number = e.request_number
JOIN spans AS c ON c.span_number = e.call_number
WHERE r.phase = 'incident' AND r.service_name IS NOT DISTINCT FROM $service_name AND r.operation = $operation
ORDER BY e.calls DESC, e.request_number
LIMIT 3
