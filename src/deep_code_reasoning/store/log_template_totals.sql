-- One row a template, from the rows of its shapes.
SELECT
    template_id,
    min(template) AS template,
    CAST(sum(count) AS BIGINT) AS count,
    list_sort(list_distinct(flatten(list(service_names)))) AS service_names,
    min(example_log_number) AS example_log_number,
    min(first_time_unix_nano) AS first_time_unix_nano,
    max(last_time_unix_nano) AS last_time_unix_nano
FROM shapes
GROUP BY template_id
ORDER BY min(example_log_number)
