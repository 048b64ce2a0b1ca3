-- The longest chains of attempts of one operation in the incident: their spans in order.
WITH longest AS (
    SELECT parent_number, chain_start, COUNT(*) AS attempts
    FROM retry_attempts AS a
    JOIN trace_outcomes AS o ON o.trace_number = a.trace_number
    WHERE o.phase = 'incident'
        AND a.service_name IS NOT DISTINCT FROM $service_name
        AND a.operation = $operation
        AND a.kind = $kind
        AND a.server_address = $server_address
    GROUP BY parent_number, chain_start
    ORDER BY attempts DESC, chain_start
    LIMIT 1
)
SELECT s.trace_id, s.span_id, a.has_failed, s.code_file_path, s.code_line_number, s.code_function_name
FROM longest AS l
JOIN retry_attempts AS a ON a.parent_number = l.parent_number AND a.chain_start = l.chain_start
JOIN spans AS s ON s.span_number = a.span_number
WHERE a.operation = $operation AND a.kind = $kind AND a.server_address = $server_address
ORDER BY a.start_time_unix_nano
LIMIT 5
