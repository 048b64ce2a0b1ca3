-- Metrics of name servers that tell of failures or of how long answers take: their median in the two windows.
SELECT
    service_name,
    name,
    MEDIAN(value) FILTER (WHERE time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end) AS before,
    MEDIAN(value) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) AS after
FROM metrics
WHERE REGEXP_MATCHES(LOWER(CONCAT(COALESCE(service_name, ''), ' ', name)), 'dns|resolver')
    AND REGEXP_MATCHES(LOWER(name), 'servfail|nxdomain|fail|error|duration|latency|timeout|unhealthy')
    AND value IS NOT NULL
GROUP BY service_name, name
ORDER BY service_name, name
