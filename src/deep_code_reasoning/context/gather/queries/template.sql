SELECT template, count, service_names
FROM log_templates
WHERE template_id = CAST($template_id AS UBIGINT);
