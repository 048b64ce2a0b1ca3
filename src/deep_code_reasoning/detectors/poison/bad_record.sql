-- Warning and error lines of both windows that may name a record, with their attributes as text; the incident's first.
SELECT
    service_name,
    template_id,
    SUBSTRING(body, 1, 1000) AS body,
    attributes,
    time_unix_nano,
    log_number,
    time_unix_nano >= $incident_start AND time_unix_nano < $incident_end AS is_incident
FROM logs
WHERE (
        severity_number >= $warning_severity
        OR (COALESCE(severity_number, 0) = 0 AND REGEXP_MATCHES(SUBSTRING(body, 1, 200), $error_words))
    )
    AND (
        (time_unix_nano >= $incident_start AND time_unix_nano < $incident_end)
        OR (time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end)
    )
ORDER BY is_incident DESC, log_number
LIMIT $most
