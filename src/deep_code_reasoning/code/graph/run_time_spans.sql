-- Places in code that spans name, with how often and how long, the most frequent first.
SELECT
    code_function_name AS "function",
    code_file_path AS file,
    code_line_number AS line,
    count(*) AS "count",
    sum(duration_nano) / 1e6 AS total_ms,
    max(duration_nano) / 1e6 AS longest_ms
FROM spans
WHERE code_function_name IS NOT NULL OR code_file_path IS NOT NULL
GROUP BY code_function_name, code_file_path, code_line_number
ORDER BY "count" DESC, "function", file, line
LIMIT $most
