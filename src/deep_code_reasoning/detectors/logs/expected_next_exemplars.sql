-- Executions of one pattern, the broken ones of the incident first, best those that nothing further down explains:
-- its span, or the first of its lines; the line after which the next one did not come; and what came instead.
SELECT
    e.phase,
    v.came,
    v.execution,
    s.trace_id,
    s.span_id,
    MAX(l.log_number) AS last_log,
    ANY_VALUE(q.next_step) AS came_instead
FROM step_visits AS v
JOIN step_executions AS e ON e.execution = v.execution
JOIN step_sequence AS q ON q.execution = v.execution AND q.step = v.step AND q.moment = v.moment
LEFT JOIN step_breaks AS b
    ON b.execution = v.execution AND b.label = v.label AND b.step = v.step AND b.next_step = v.next_step
LEFT JOIN spans AS s ON s.span_number = v.execution
LEFT JOIN trace_outcomes AS o ON o.trace_number = e.trace_number
LEFT JOIN step_lines AS l
    ON v.step % 2 = 0 AND l.execution = v.execution AND 8 * l.statement = v.step - v.step % 8 AND l.moment = v.moment
WHERE v.label = $label AND v.step = $step AND v.next_step = $next_step AND v.came = (e.phase = 'baseline')
GROUP BY e.phase, v.came, v.execution, s.trace_id, s.span_id, b.is_explained, o.symptomatic, e.started
ORDER BY e.phase DESC, COALESCE(b.is_explained, FALSE), COALESCE(o.symptomatic, FALSE) DESC, e.started, v.execution
