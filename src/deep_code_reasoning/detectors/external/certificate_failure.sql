-- Gauges of how long certificates are still valid that fell to nothing between the two windows.
SELECT
    service_name,
    name,
    MIN(value) FILTER (WHERE time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end) AS before,
    MIN(value) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) AS after
FROM metrics
WHERE REGEXP_MATCHES(LOWER(name), '(cert|tls|ssl|x509).*(expir|valid|remaining|not_?after|left)')
    AND REGEXP_MATCHES(LOWER(name), 'second|minute|hour|day|until|remaining|left')
    AND value IS NOT NULL
GROUP BY service_name, name
HAVING
    MIN(value) FILTER (WHERE time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end) > 0
    AND MIN(value) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) <= 0
ORDER BY service_name, name
