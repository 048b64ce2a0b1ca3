-- What each subject adds to a trace, and what the entries became slower by (entry_increases).
WITH entry AS (
    SELECT SUM(after) AS traces, SUM(added_nano) AS added_nano FROM entry_increases
),
parts AS (
    SELECT
        s.subject_number,
        o.root_service,
        o.root_operation,
        COALESCE(SUM(s.total_nano) FILTER (WHERE s.phase = 'incident'), 0) AS total_after,
        COALESCE(SUM(s.total_nano) FILTER (WHERE s.phase = 'baseline'), 0) AS total_before
    FROM latency_samples AS s
    JOIN trace_outcomes AS o ON o.trace_number = s.trace_number
    GROUP BY s.subject_number, o.root_service, o.root_operation
)
SELECT
    p.subject_number,
    SUM(p.total_after - p.total_before * e.after / e.before) / MAX(n.traces) AS added_nano,
    MAX(n.added_nano) / MAX(n.traces) AS entry_added_nano
FROM parts AS p
JOIN entry_increases AS e
    ON e.root_service IS NOT DISTINCT FROM p.root_service AND e.root_operation = p.root_operation
CROSS JOIN entry AS n
GROUP BY p.subject_number
