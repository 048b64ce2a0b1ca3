-- Where the code is that makes the calls of one statement below one operation: what most of them tell, or else what most of
-- the spans above them do. Instrumentations tell it of some calls and not of others.
WITH made AS (
    SELECT r.parent_number, c.code_file_path, c.code_line_number, c.code_function_name
    FROM repeated_calls AS r
    JOIN trace_outcomes AS o ON o.trace_number = r.trace_number
    JOIN call_spans AS a ON a.trace_number = r.trace_number
    JOIN call_statements AS x ON x.text = a.text AND x.statement = r.statement
    JOIN spans AS c ON c.span_number = a.span_number
    WHERE o.phase = 'incident' AND r.statement = $statement
),
told AS (
    SELECT
        1 AS place,
        m.code_file_path,
        m.code_line_number,
        m.code_function_name
    FROM made AS m
    JOIN spans AS p ON p.span_number = m.parent_number
    WHERE p.service_name IS NOT DISTINCT FROM $service_name AND p.name = $operation
    UNION ALL
    SELECT
        2 AS place,
        p.code_file_path,
        p.code_line_number,
        p.code_function_name
    FROM repeated_calls AS r
    JOIN trace_outcomes AS o ON o.trace_number = r.trace_number
    JOIN spans AS p ON p.span_number = r.parent_number
    WHERE o.phase = 'incident'
        AND p.service_name IS NOT DISTINCT FROM $service_name
        AND p.name = $operation
        AND r.statement = $statement
)
SELECT code_file_path, code_line_number, code_function_name
FROM told
WHERE code_file_path IS NOT NULL
GROUP BY place, code_file_path, code_line_number, code_function_name
ORDER BY place, COUNT(*) DESC, code_file_path, code_line_number
LIMIT 1
