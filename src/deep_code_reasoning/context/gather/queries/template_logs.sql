SELECT *
FROM logs
WHERE template_id = CAST($template_id AS UBIGINT)
ORDER BY coalesce(time_unix_nano, observed_time_unix_nano), log_number
LIMIT $most;
