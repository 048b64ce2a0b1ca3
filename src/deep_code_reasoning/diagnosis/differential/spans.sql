-- Every span of the requests compared, in the order of span numbers.
SELECT
    t.span_number,
    COALESCE(t.parent_number, -1) AS parent_number,
    t.depth,
    f.frame,
    t.critical_path_nano,
    t.self_time_nano,
    CASE WHEN t.span_number = q.entry_span THEN q.asked ELSE 0 END AS asked,
    q.is_incident,
    q.in_tail_95,
    q.in_tail_99
FROM topology AS t
JOIN differential_requests AS q ON q.trace_number = t.trace_number
JOIN spans AS s ON s.span_number = t.span_number
JOIN differential_frames AS f ON f.service_name = COALESCE(s.service_name, '') AND f.name = s.name
ORDER BY t.span_number
