-- Hosts on which services failed in the incident: how many of them, and how many of those failed nowhere else.
WITH failing AS (
    SELECT DISTINCT service_name, host
    FROM failures_told
    WHERE host IS NOT NULL AND time_unix_nano >= $incident_start AND time_unix_nano < $incident_end
),
placed AS (
    SELECT service_name, COUNT(*) AS hosts FROM failing GROUP BY service_name
)
SELECT f.host, COUNT(*) AS services, COUNT(*) FILTER (WHERE p.hosts = 1) AS only_here
FROM failing AS f
JOIN placed AS p ON p.service_name IS NOT DISTINCT FROM f.service_name
GROUP BY f.host
ORDER BY only_here DESC, services DESC, f.host
