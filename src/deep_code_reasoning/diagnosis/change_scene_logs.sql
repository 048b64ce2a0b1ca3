-- Log templates of the incident that the baseline does not know, the gravest and the most frequent first, each with its
-- first line. Without a baseline: those of warnings and errors.
WITH counted AS (
    SELECT
        template_id,
        service_name,
        COUNT(*) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) AS lines,
        COUNT(*) FILTER (WHERE time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end) AS lines_before,
        MIN(time_unix_nano) AS first_nano,
        MIN(log_number) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) AS log_number,
        MAX(COALESCE(severity_number, 0)) AS severity
    FROM logs
    WHERE template_id IS NOT NULL
    GROUP BY template_id, service_name
)
SELECT c.service_name, c.lines, c.severity, c.first_nano, l.body, l.exception_type, l.exception_stacktrace, l.attributes
FROM counted AS c
JOIN logs AS l ON l.log_number = c.log_number
WHERE c.lines > 0 AND c.lines_before = 0 AND (CAST($baseline_start AS BIGINT) IS NOT NULL OR c.severity >= 13)
ORDER BY c.severity >= 13 DESC, c.lines DESC, c.first_nano, l.log_number
LIMIT $most
