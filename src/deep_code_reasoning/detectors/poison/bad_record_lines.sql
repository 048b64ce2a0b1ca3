-- How many lines a service wrote in the baseline, and how many of them hold $value, be they failures or not.
SELECT COUNT(*), COUNT(*) FILTER (WHERE CONTAINS(body, $value))
FROM logs
WHERE service_name IS NOT DISTINCT FROM $service AND time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end
