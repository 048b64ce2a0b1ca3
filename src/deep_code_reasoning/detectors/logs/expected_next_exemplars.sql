-- Two executions of one pattern from each window: the broken ones of the incident, best those that nothing further
-- down explains, and those of the baseline with the step. The span, where there is one; the line after which the next
-- one did not come; and what came at once instead.
WITH chosen AS (
    SELECT
        v.execution,
        v.step,
        v.moment,
        v.came,
        ROW_NUMBER() OVER (
            PARTITION BY e.phase
            ORDER BY COALESCE(b.is_explained, FALSE), COALESCE(o.symptomatic, FALSE) DESC, e.started, v.execution
        ) AS turn
    FROM step_visits AS v
    JOIN step_executions AS e ON e.execution = v.execution
    LEFT JOIN step_breaks AS b
        ON b.execution = v.execution AND b.label = v.label AND b.step = v.step AND b.next_step = v.next_step
    LEFT JOIN trace_outcomes AS o ON o.trace_number = e.trace_number
    WHERE v.label = $label AND v.step = $step AND v.next_step = $next_step AND v.came = (e.phase = 'baseline')
)
SELECT c.came, c.execution, s.trace_id, s.span_id, MAX(l.log_number) AS last_log, MAX(q.next_step) AS came_instead
FROM chosen AS c
JOIN step_sequence AS q ON q.execution = c.execution AND q.step = c.step AND q.moment = c.moment
LEFT JOIN spans AS s ON s.span_number = c.execution
LEFT JOIN step_lines AS l
    ON c.step % 2 = 0
    AND l.execution = c.execution
    AND l.moment = c.moment
    AND 8 * l.statement = c.step - c.step % 8
WHERE c.turn <= 2
GROUP BY c.came, c.turn, c.execution, s.trace_id, s.span_id
ORDER BY c.came, c.turn
