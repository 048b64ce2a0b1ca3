-- Of the traces with and without the symptom: in how many does the operation cost more than `limit_cost`? A row a number
-- of costly_operations, with the trace where it costs most.
WITH costly AS (
    SELECT
        c.number,
        z.trace_number,
        z.span_number,
        CASE WHEN c.measure = 'calls' THEN z.calls ELSE z.self_time_nano END AS cost
    FROM costly_operations AS c
    JOIN sized_spans AS z
        ON z.service_name IS NOT DISTINCT FROM c.service_name AND z.operation = c.operation AND z.key = c.key
    WHERE CASE WHEN c.measure = 'calls' THEN z.calls ELSE z.self_time_nano END > c.limit_cost
)
SELECT
    c.number,
    COUNT(*) FILTER (WHERE o.symptomatic) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(*) FILTER (WHERE NOT o.symptomatic) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic) AS healthy,
    ARG_MAX(o.trace_id, c.cost) AS trace_id,
    ARG_MAX(s.span_id, c.cost) AS span_id,
    MIN(s.code_file_path) AS code_file_path,
    MIN(s.code_line_number) AS code_line_number,
    MIN(s.code_function_name) AS code_function_name
FROM costly AS c
JOIN trace_outcomes AS o ON o.trace_number = c.trace_number
JOIN spans AS s ON s.span_number = c.span_number
GROUP BY c.number
ORDER BY c.number;
