-- One row a parent operation and statement that was repeated at least $many times below one span of the incident.
--   after, before            spans of the parent operation, with or without the call
--   after_calls, before_calls, after_squares, before_squares   calls below them, and the sum of their squares
--   after_many               parent spans with at least $many calls; sequential: those whose calls do not overlap
WITH parents AS (
    SELECT
        s.service_name,
        s.name AS operation,
        COUNT(*) FILTER (WHERE o.phase = 'incident') AS after,
        COUNT(*) FILTER (WHERE o.phase = 'baseline') AS before
    FROM spans AS s
    JOIN topology AS t ON t.span_number = s.span_number
    JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
    GROUP BY s.service_name, s.name
),
repeated AS (
    SELECT
        p.service_name,
        p.name AS operation,
        r.statement,
        COALESCE(SUM(r.calls) FILTER (WHERE o.phase = 'incident'), 0) AS after_calls,
        COALESCE(SUM(r.calls) FILTER (WHERE o.phase = 'baseline'), 0) AS before_calls,
        COALESCE(SUM(r.calls * r.calls) FILTER (WHERE o.phase = 'incident'), 0) AS after_squares,
        COALESCE(SUM(r.calls * r.calls) FILTER (WHERE o.phase = 'baseline'), 0) AS before_squares,
        COALESCE(SUM(r.call_nano) FILTER (WHERE o.phase = 'incident'), 0) AS after_nano,
        MAX(r.calls) FILTER (WHERE o.phase = 'incident') AS most_calls,
        COUNT(*) FILTER (WHERE o.phase = 'incident' AND r.calls >= $many) AS after_many,
        COUNT(*) FILTER (WHERE o.phase = 'incident' AND r.calls >= $many AND r.call_nano <= r.last_nano - r.first_nano)
            AS sequential,
        COUNT(DISTINCT CASE WHEN o.symptomatic AND r.calls >= $many THEN r.trace_number END) AS symptomatic_with,
        COUNT(DISTINCT CASE WHEN NOT o.symptomatic AND r.calls >= $many THEN r.trace_number END) AS healthy_with,
        MIN(r.first_nano) FILTER (WHERE o.phase = 'incident' AND r.calls >= $many) AS first_nano,
        MAX(r.last_nano) FILTER (WHERE o.phase = 'incident' AND r.calls >= $many) AS last_nano
    FROM repeated_calls AS r
    JOIN trace_outcomes AS o ON o.trace_number = r.trace_number
    JOIN spans AS p ON p.span_number = r.parent_number
    GROUP BY p.service_name, p.name, r.statement
    HAVING COUNT(*) FILTER (WHERE o.phase = 'incident' AND r.calls >= $many) > 0
)
SELECT r.*, p.after, p.before
FROM repeated AS r
JOIN parents AS p ON p.service_name IS NOT DISTINCT FROM r.service_name AND p.operation = r.operation
ORDER BY r.after_nano DESC, r.service_name, r.operation, r.statement
