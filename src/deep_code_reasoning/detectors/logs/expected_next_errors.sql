-- Statements whose lines tell of errors.
SELECT t.statement
FROM logs AS l
JOIN step_statements AS t ON t.template_id = l.template_id
WHERE t.statement IN (SELECT next_step // 8 FROM step_patterns WHERE next_step % 2 = 0)
GROUP BY t.statement
HAVING AVG(
    CASE
        WHEN l.severity_number >= $error_severity THEN 1.0
        WHEN COALESCE(l.severity_number, 0) = 0 AND REGEXP_MATCHES(SUBSTRING(l.body, 1, 200), $error_words) THEN 1.0
        ELSE 0.0
    END
) > 0.5
