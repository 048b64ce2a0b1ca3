-- The calls of one edge that were given up and went on longest: the caller's span and the callee's.
SELECT
    p.trace_id,
    p.span_id,
    a.span_id AS answer_span_id,
    c.waited_nano,
    c.answer_nano,
    p.code_file_path,
    p.code_line_number,
    p.code_function_name
FROM timed_calls AS c
JOIN spans AS p ON p.span_number = c.span_number
JOIN spans AS a ON a.span_number = c.answer_number
WHERE c.is_given_up
    AND c.phase = 'incident'
    AND c.caller IS NOT DISTINCT FROM $caller
    AND c.operation = $operation
    AND c.callee IS NOT DISTINCT FROM $callee
ORDER BY c.answer_nano - c.waited_nano DESC, c.span_number
LIMIT 3
