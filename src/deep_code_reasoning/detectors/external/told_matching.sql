-- The texts of failures that match, with how often each came in the two windows.
SELECT
    service_name,
    host,
    text,
    COUNT(*) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) AS after,
    COUNT(*) FILTER (WHERE time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end) AS before,
    MIN(time_unix_nano) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) AS first_nano,
    MAX(time_unix_nano) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) AS last_nano,
    ARG_MIN(ref, time_unix_nano) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) AS ref
FROM failures_told
WHERE REGEXP_MATCHES(text, $pattern)
GROUP BY service_name, host, text
ORDER BY after DESC, service_name, text
LIMIT $most
