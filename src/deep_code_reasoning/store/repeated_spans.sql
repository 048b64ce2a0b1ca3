-- All but the first of spans that were exported more than once. Equal ids alone are not enough: two services that share
-- a span id (Zipkin's shared spans) are two spans.
WITH shared AS (
    SELECT trace_id, span_id FROM spans GROUP BY trace_id, span_id HAVING count(*) > 1
),
numbered AS (
    SELECT
        s.span_number,
        s.source,
        s.source_offset,
        row_number() OVER (
            PARTITION BY s.trace_id, s.span_id, s.service_name, s.kind, s.name, s.start_time_unix_nano ORDER BY s.span_number
        ) AS place
    FROM spans AS s
    JOIN shared AS d ON d.trace_id = s.trace_id AND d.span_id = s.span_id
)
SELECT span_number, source, source_offset FROM numbered WHERE place > 1
