-- One row a template: its text comes from the first body that falls under it.
SELECT
    template_id,
    arg_min(body, log_number) AS body,
    count(*) AS count,
    coalesce(list_sort(list(DISTINCT service_name) FILTER (service_name IS NOT NULL)), []) AS service_names
FROM logs
WHERE template_id IS NOT NULL
GROUP BY template_id
ORDER BY min(log_number)
