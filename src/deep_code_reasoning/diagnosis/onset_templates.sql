-- What operations log, one row an operation, template and bucket of `trace_buckets`: the sum over traces of the share
-- of the operation's spans in the trace that wrote the line. Lines without a span of the evidence are left out.
WITH spans_of_trace AS (
    SELECT s.service_name, s.name AS operation, t.trace_number, CAST(COUNT(*) AS DOUBLE) AS spans
    FROM spans AS s
    JOIN topology AS t ON t.span_number = s.span_number
    JOIN trace_buckets AS b ON b.trace_number = t.trace_number
    GROUP BY s.service_name, s.name, t.trace_number
),
written AS (
    SELECT
        s.service_name,
        s.name AS operation,
        l.template_id,
        b.bucket,
        t.trace_number,
        COUNT(DISTINCT s.span_number) AS spans
    FROM logs AS l
    JOIN spans AS s ON s.trace_id = l.trace_id AND s.span_id = l.span_id
    JOIN topology AS t ON t.span_number = s.span_number
    JOIN trace_buckets AS b ON b.trace_number = t.trace_number
    WHERE l.template_id IS NOT NULL
    GROUP BY s.service_name, s.name, l.template_id, b.bucket, t.trace_number
)
SELECT w.service_name, w.operation, w.template_id, w.bucket, SUM(w.spans / o.spans) AS lines
FROM written AS w
JOIN spans_of_trace AS o
    ON o.trace_number = w.trace_number
    AND o.operation = w.operation
    AND o.service_name IS NOT DISTINCT FROM w.service_name
GROUP BY w.service_name, w.operation, w.template_id, w.bucket
