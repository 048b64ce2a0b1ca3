-- Services with enough spans in both windows for their traces to tell of latency, errors and requests.
SELECT service_name
FROM spans
WHERE service_name IS NOT NULL
GROUP BY service_name
HAVING COUNT(*) FILTER (WHERE start_time_unix_nano >= $incident_start AND start_time_unix_nano < $incident_end) >= $enough
    AND COUNT(*) FILTER (WHERE start_time_unix_nano >= $baseline_start AND start_time_unix_nano < $baseline_end) >= $enough
ORDER BY service_name;
