-- One row a span, by span number: its parent's number, and the first span number of its trace as the trace's key.
SELECT
    s.span_number,
    coalesce(p.span_number, -1) AS parent_number,
    t.first_number AS trace_key,
    s.start_time_unix_nano,
    s.duration_nano,
    s.parent_span_id IS NOT NULL AND s.parent_span_id <> '' AS names_parent
FROM spans AS s
JOIN (SELECT trace_id, min(span_number) AS first_number FROM spans GROUP BY trace_id) AS t ON t.trace_id = s.trace_id
LEFT JOIN (
    SELECT trace_id, span_id, min(span_number) AS span_number FROM spans GROUP BY trace_id, span_id
) AS p ON p.trace_id = s.trace_id AND p.span_id = s.parent_span_id
ORDER BY s.span_number
