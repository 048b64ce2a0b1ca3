-- Spans with their place in the tree: every column of spans, then parent_number, trace_number, end, self time, critical path and depth.
CREATE VIEW span_tree AS
SELECT
    s.*,
    t.parent_number,
    t.trace_number,
    t.end_time_unix_nano,
    t.self_time_nano,
    t.critical_path_nano,
    t.depth,
    t.is_orphan,
    t.in_cycle
FROM spans AS s
JOIN topology AS t ON t.span_number = s.span_number;
