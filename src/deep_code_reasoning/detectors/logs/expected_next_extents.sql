-- How much is done in an execution: spans and lines in it and below, for up to 100 votes a pattern and side: those of
-- the incident without the step, those of the baseline with it.
WITH RECURSIVE sampled AS (
    SELECT label, step, next_step, phase, execution
    FROM (
        SELECT
            v.*,
            ROW_NUMBER() OVER (PARTITION BY v.label, v.step, v.next_step, v.phase ORDER BY v.execution) AS turn
        FROM step_votes AS v
        JOIN step_patterns AS p ON p.label = v.label AND p.step = v.step AND p.next_step = v.next_step
        WHERE v.came = (v.phase = 'baseline')
    ) AS turns
    WHERE turn <= 100
),
below AS (
    SELECT DISTINCT execution AS top, execution FROM sampled
    UNION ALL
    SELECT b.top, n.span_number AS execution
    FROM below AS b
    JOIN step_nodes AS n ON n.parent_number = b.execution
),
written AS (
    SELECT execution, COUNT(*) AS lines FROM step_sequence WHERE place > 0 AND step % 2 = 0 GROUP BY execution
),
extents AS (
    SELECT b.top, COUNT(*) + SUM(COALESCE(w.lines, 0)) AS extent
    FROM below AS b
    LEFT JOIN written AS w ON w.execution = b.execution
    GROUP BY b.top
)
SELECT s.label, s.step, s.next_step, s.phase, CAST(e.extent AS BIGINT) AS extent
FROM sampled AS s
JOIN extents AS e ON e.top = s.execution
