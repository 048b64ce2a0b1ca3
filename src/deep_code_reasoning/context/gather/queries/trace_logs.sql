SELECT *
FROM logs
WHERE trace_id = $trace_id
ORDER BY coalesce(time_unix_nano, observed_time_unix_nano), log_number
LIMIT $most;
