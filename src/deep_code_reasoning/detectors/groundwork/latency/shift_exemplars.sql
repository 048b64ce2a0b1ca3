-- The spans with the highest values of one subject in the incident, and one of the baseline's middle to compare with.
WITH placed AS (
    SELECT
        s.span_number,
        s.phase,
        s.value_nano,
        ROW_NUMBER() OVER (
            PARTITION BY s.phase
            ORDER BY
                CASE WHEN s.phase = 'incident' THEN -s.value_nano ELSE ABS(s.value_nano - $median_before) END,
                s.span_number
        ) AS place
    FROM latency_samples AS s
    WHERE s.subject_number = $subject_number
)
SELECT
    n.trace_id,
    n.span_id,
    n.code_file_path,
    n.code_line_number,
    n.code_function_name,
    p.value_nano,
    p.phase
FROM placed AS p
JOIN spans AS n ON n.span_number = p.span_number
WHERE p.place <= CASE WHEN p.phase = 'incident' THEN 2 ELSE 1 END
ORDER BY p.phase DESC, p.place
