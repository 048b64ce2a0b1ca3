-- The steps of each execution in order, its lines and its calls apart (which of the two comes first within a
-- millisecond is chance). A step is a number: 8 * the statement, or 8 * the callee's label + 1; + 2 for the second and
-- + 4 for the third of several equal ones in a row (and further ones). 0 and 1 stand for the start.
--   step_sequence      execution, label, path, place (0 at the start), step, next_step, moment
--   step_visits        the last time that an execution took a step after which another one is to be expected (in a
--                      fifth of the cases, both windows together, it was the very next): step, next_step, did it come,
--                      then or later? Only pairs that are missed in the incident (none where it always was the next).
CREATE OR REPLACE TEMPORARY TABLE step_sequence AS
WITH taken AS (
    SELECT COALESCE(l.execution, u.execution) AS execution, 8 * l.statement AS base, l.moment, l.log_number AS number
    FROM step_lines AS l
    LEFT JOIN step_spanless AS u
        ON l.execution IS NULL
        AND u.trace_id = l.trace_id
        AND u.span_id IS NOT DISTINCT FROM l.span_id
        AND u.service_name IS NOT DISTINCT FROM l.service_name
    UNION ALL
    SELECT n.parent_number AS execution, 8 * n.label + 1 AS base, s.started AS moment, n.span_number AS number
    FROM step_nodes AS n
    JOIN step_spans AS s ON s.span_number = n.span_number
    WHERE n.parent_number IS NOT NULL
),
ordered AS (
    SELECT
        e.execution,
        e.label,
        e.path,
        t.base,
        t.moment,
        ROW_NUMBER() OVER steps AS place,
        COALESCE(LAG(t.base, 1) OVER steps = t.base, FALSE) AS is_second,
        COALESCE(LAG(t.base, 1) OVER steps = t.base AND LAG(t.base, 2) OVER steps = t.base, FALSE) AS is_third,
        LEAD(t.base, 1) OVER steps AS next_base
    FROM taken AS t
    JOIN step_executions AS e ON e.execution = t.execution
    WINDOW steps AS (PARTITION BY e.execution, t.base % 2 ORDER BY t.moment, t.number)
),
starts AS (
    SELECT
        e.execution,
        e.label,
        e.path,
        0 AS place,
        k.start AS step,
        f.base AS next_step,
        e.started AS moment
    FROM step_executions AS e
    JOIN (SELECT DISTINCT label, path, base % 2 AS start FROM ordered) AS k ON k.label = e.label AND k.path = e.path
    LEFT JOIN ordered AS f ON f.execution = e.execution AND f.place = 1 AND f.base % 2 = k.start
)
SELECT * FROM starts
UNION ALL
SELECT
    execution,
    label,
    path,
    place,
    base + CASE WHEN is_third THEN 4 WHEN is_second THEN 2 ELSE 0 END AS step,
    next_base + CASE WHEN next_base <> base THEN 0 WHEN is_second THEN 4 ELSE 2 END AS next_step,
    moment
FROM ordered;

CREATE OR REPLACE TEMPORARY TABLE step_visits AS
WITH pairs AS (
    SELECT label, path, step, next_step, COUNT(*) AS often, SUM(COUNT(*)) OVER (PARTITION BY label, path, step) AS taken
    FROM step_sequence
    GROUP BY label, path, step, next_step
),
expected AS (
    SELECT label, path, step, next_step
    FROM pairs
    WHERE next_step IS NOT NULL AND often >= 0.2 * taken AND often < taken
),
looked_at AS (
    SELECT label, path, step FROM expected
    UNION
    SELECT label, path, next_step AS step FROM expected
),
lasts AS (
    SELECT s.execution, s.label, s.path, s.step, MAX(s.place) AS place, MAX(s.moment) AS moment
    FROM step_sequence AS s
    JOIN looked_at AS l ON l.label = s.label AND l.path = s.path AND l.step = s.step
    GROUP BY s.execution, s.label, s.path, s.step
),
visits AS (
    SELECT
        a.execution,
        a.label,
        a.path,
        a.step,
        p.next_step,
        a.moment,
        COALESCE(b.place > a.place, FALSE) AS came
    FROM lasts AS a
    JOIN expected AS p ON p.label = a.label AND p.path = a.path AND p.step = a.step
    LEFT JOIN lasts AS b ON b.execution = a.execution AND b.step = p.next_step
),
missed AS (
    SELECT DISTINCT v.label, v.step, v.next_step
    FROM visits AS v
    JOIN step_executions AS e ON e.execution = v.execution
    WHERE NOT v.came AND e.phase = 'incident'
)
SELECT v.*
FROM visits AS v
JOIN missed AS m ON m.label = v.label AND m.step = v.step AND m.next_step = v.next_step;
