-- How many lines a service wrote in the baseline.
SELECT COUNT(*)
FROM logs
WHERE service_name IS NOT DISTINCT FROM $service AND time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end
