-- One row a shape of log bodies, the most frequent first. Bodies are not read: of a shape one is enough, which
-- log_template_starts.sql asks for.
SELECT
    template_id AS shape_id,
    count(*) AS count,
    coalesce(list(DISTINCT service_name) FILTER (WHERE service_name IS NOT NULL), []) AS service_names,
    min(log_number) AS example_log_number,
    min(coalesce(time_unix_nano, observed_time_unix_nano)) AS first_time_unix_nano,
    max(coalesce(time_unix_nano, observed_time_unix_nano)) AS last_time_unix_nano
FROM logs
WHERE template_id IS NOT NULL
GROUP BY template_id
ORDER BY count DESC, example_log_number
