SELECT *
FROM logs
WHERE ($service = '' OR service_name = $service)
    AND ($trace_id = '' OR trace_id = $trace_id)
    AND ($contains = '' OR contains(lower(body), lower($contains)))
    AND coalesce(time_unix_nano, observed_time_unix_nano, 0) >= $from_time
    AND coalesce(time_unix_nano, observed_time_unix_nano, 0) < $to_time
ORDER BY coalesce(time_unix_nano, observed_time_unix_nano, 0), log_number
LIMIT $most;
