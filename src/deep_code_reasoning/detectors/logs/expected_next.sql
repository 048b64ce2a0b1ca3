-- One row a pair of steps and path: in how many traces did the second not come after the first? A trace has one vote,
-- that of its first execution which took the first step.
--   incident, baseline                   traces that vote
--   incident_missing, baseline_missing   of these, without the second step
CREATE OR REPLACE TEMPORARY TABLE step_votes AS
SELECT label, path, step, next_step, trace_number, phase, execution, came
FROM (
    SELECT
        v.*,
        e.trace_number,
        e.phase,
        ROW_NUMBER() OVER (
            PARTITION BY v.label, v.step, v.next_step, e.trace_number
            ORDER BY e.started, v.execution
        ) AS turn
    FROM step_visits AS v
    JOIN step_executions AS e ON e.execution = v.execution
) AS turns
WHERE turn = 1;

SELECT
    v.label,
    v.step,
    v.next_step,
    v.path,
    COUNT(*) FILTER (WHERE v.phase = 'incident') AS incident,
    COUNT(*) FILTER (WHERE v.phase = 'baseline') AS baseline,
    COUNT(*) FILTER (WHERE v.phase = 'incident' AND NOT v.came) AS incident_missing,
    COUNT(*) FILTER (WHERE v.phase = 'baseline' AND NOT v.came) AS baseline_missing
FROM step_votes AS v
GROUP BY v.label, v.step, v.next_step, v.path
ORDER BY v.label, v.step, v.next_step, v.path
