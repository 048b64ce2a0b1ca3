-- Log records under their template's id; the table holds that of their shape where the two differ.
CREATE VIEW logs AS
SELECT l.* REPLACE (coalesce(m.template_id, l.template_id) AS template_id)
FROM logs_by_shape AS l
LEFT JOIN merged_log_shapes AS m ON m.shape_id = l.template_id
