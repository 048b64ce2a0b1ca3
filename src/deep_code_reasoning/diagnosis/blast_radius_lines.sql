-- Services that wrote warnings or errors in the incident which the baseline does not know, at least three times, and how
-- many lines; the first to do so first.
SELECT service_name, SUM(lines) AS lines, MIN(first_nano) AS first_nano
FROM (
    SELECT
        service_name,
        template_id,
        COUNT(*) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) AS lines,
        COUNT(*) FILTER (WHERE time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end) AS lines_before,
        MIN(time_unix_nano) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) AS first_nano
    FROM logs
    WHERE severity_number >= 13 AND service_name IS NOT NULL
    GROUP BY service_name, template_id
) AS counted
WHERE lines > 0 AND lines_before = 0
GROUP BY service_name
HAVING SUM(lines) >= 3
ORDER BY first_nano, service_name
