SELECT *
FROM span_tree
WHERE trace_id = $trace_id
ORDER BY start_time_unix_nano, span_number
LIMIT $most;
