-- Places in code that the spans of an operation name.
SELECT
    service_name AS service,
    name AS operation,
    code_function_name AS "function",
    code_file_path AS file,
    code_line_number AS line
FROM spans
WHERE service_name IS NOT NULL AND (code_function_name IS NOT NULL OR code_file_path IS NOT NULL)
GROUP BY service_name, name, code_function_name, code_file_path, code_line_number
ORDER BY service, operation, "function", file, line
LIMIT $most
