-- Where the steps of step_patterns (label, step, next_step) are missed, and whether a break further down explains it: in
-- a span below, or, where no spans are known, in another service that still went on when this one had stopped.
CREATE OR REPLACE TEMPORARY TABLE step_breaks AS
WITH RECURSIVE broken AS (
    SELECT v.label, v.step, v.next_step, v.execution, v.moment, e.trace_number, e.phase
    FROM step_visits AS v
    JOIN step_patterns AS p ON p.label = v.label AND p.step = v.step AND p.next_step = v.next_step
    JOIN step_executions AS e ON e.execution = v.execution
    WHERE NOT v.came
),
above AS (
    SELECT n.parent_number AS execution
    FROM broken AS b
    JOIN step_nodes AS n ON n.span_number = b.execution
    WHERE n.parent_number IS NOT NULL
    UNION
    SELECT n.parent_number AS execution
    FROM above AS a
    JOIN step_nodes AS n ON n.span_number = a.execution
    WHERE n.parent_number IS NOT NULL
),
latest AS (
    SELECT trace_number, MAX(moment) AS moment, ARG_MAX(label, moment) AS label
    FROM broken
    GROUP BY trace_number
)
SELECT
    b.*,
    a.execution IS NOT NULL OR (b.execution < 0 AND b.label <> l.label AND b.moment < l.moment) AS is_explained
FROM broken AS b
JOIN latest AS l ON l.trace_number = b.trace_number
LEFT JOIN above AS a ON a.execution = b.execution;

-- By pattern: of the incident's traces that miss the step, those that a break further down explains.
SELECT
    b.label,
    b.step,
    b.next_step,
    COUNT(DISTINCT b.trace_number) FILTER (WHERE b.phase = 'incident') AS broken_traces,
    COUNT(DISTINCT b.trace_number) FILTER (WHERE b.phase = 'incident' AND b.is_explained) AS explained_traces,
    MIN(b.moment) FILTER (WHERE b.phase = 'incident') AS first_nano,
    MAX(b.moment) FILTER (WHERE b.phase = 'incident') AS last_nano,
    COUNT(DISTINCT b.trace_number) FILTER (WHERE o.symptomatic) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(DISTINCT b.trace_number) FILTER (WHERE NOT o.symptomatic) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic AND phase <> 'outside') AS healthy
FROM step_breaks AS b
LEFT JOIN trace_outcomes AS o ON o.trace_number = b.trace_number
GROUP BY b.label, b.step, b.next_step
