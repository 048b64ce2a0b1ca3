-- A service: how often it failed in the two windows, and how many lines and spans it wrote before.
WITH failing AS (
    SELECT
        service_name,
        COUNT(*) FILTER (WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end) AS after,
        COUNT(*) FILTER (WHERE time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end) AS before
    FROM failures_told
    GROUP BY service_name
),
usual AS (
    SELECT service_name, COUNT(*) AS records
    FROM (
        SELECT service_name, time_unix_nano FROM logs
        UNION ALL
        SELECT service_name, start_time_unix_nano FROM spans
    ) AS record
    WHERE time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end
    GROUP BY service_name
)
SELECT f.service_name, f.after, f.before, COALESCE(u.records, 0) AS records
FROM failing AS f
LEFT JOIN usual AS u ON u.service_name IS NOT DISTINCT FROM f.service_name
