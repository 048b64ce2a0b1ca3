-- What ran, as executions whose steps are compared: the spans of both windows, and, for lines whose span is not in the
-- evidence, all lines of a service under the same trace and span id.
--   step_labels      one row an operation: label, service_name, operation; callee_*: whom a call span calls
--   step_lines       lines that name a trace, with the statement they come from and their execution
--   step_executions  execution (a span number; negative where there is no span), label, trace_number, phase, started,
--                    and path, a number for the chain of operations from the trace's root down to this one
CREATE OR REPLACE TEMPORARY TABLE step_spans AS
SELECT
    s.span_number,
    t.parent_number,
    t.trace_number,
    o.phase,
    s.service_name,
    s.name,
    s.kind,
    s.start_time_unix_nano AS started
FROM spans AS s
JOIN topology AS t ON t.span_number = s.span_number
JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
WHERE o.phase <> 'outside';

-- A call span is named after its protocol ("GET"); who is called is what tells it from others.
CREATE OR REPLACE TEMPORARY TABLE step_tree AS
WITH callees AS (
    SELECT
        c.parent_number AS span_number,
        ARG_MIN(c.service_name, c.span_number) FILTER (WHERE c.service_name IS DISTINCT FROM s.service_name)
            AS callee_service,
        ARG_MIN(c.name, c.span_number) FILTER (WHERE c.service_name IS DISTINCT FROM s.service_name)
            AS callee_operation
    FROM step_spans AS c
    JOIN step_spans AS s ON s.span_number = c.parent_number
    GROUP BY c.parent_number, s.kind
    HAVING COUNT(*) FILTER (WHERE c.service_name IS DISTINCT FROM s.service_name) > 0
        AND (s.kind IN ('client', 'producer') OR COUNT(*) = 1)
)
SELECT s.span_number, s.parent_number, s.service_name, s.name AS operation, c.callee_service, c.callee_operation
FROM step_spans AS s
LEFT JOIN callees AS c ON c.span_number = s.span_number;

CREATE OR REPLACE TEMPORARY TABLE step_labels AS
SELECT
    ROW_NUMBER() OVER (ORDER BY service_name, operation, callee_service, callee_operation) AS label,
    service_name,
    operation,
    callee_service,
    callee_operation
FROM (SELECT DISTINCT service_name, operation, callee_service, callee_operation FROM step_tree) AS named;

CREATE OR REPLACE TEMPORARY TABLE step_nodes AS
SELECT t.span_number, t.parent_number, l.label
FROM step_tree AS t
JOIN step_labels AS l
    ON l.service_name IS NOT DISTINCT FROM t.service_name
    AND l.operation = t.operation
    AND l.callee_service IS NOT DISTINCT FROM t.callee_service
    AND l.callee_operation IS NOT DISTINCT FROM t.callee_operation;

-- A template that prints a list or an object has as many forms as there are lengths of it: a statement ends before it.
CREATE OR REPLACE TEMPORARY TABLE step_statements AS
SELECT template_id, template, "count", DENSE_RANK() OVER (ORDER BY head) AS statement
FROM (
    SELECT template_id, template, "count", REGEXP_REPLACE(template, '(?s)[=:]\s?[\[\{\(].*', '') AS head
    FROM log_templates
) AS heads;

CREATE OR REPLACE TEMPORARY TABLE step_lines AS
SELECT
    l.log_number,
    l.time_unix_nano AS moment,
    t.statement,
    l.trace_id,
    l.span_id,
    l.service_name,
    s.span_number AS execution
FROM logs AS l
JOIN step_statements AS t ON t.template_id = l.template_id
LEFT JOIN spans AS s ON s.trace_id = l.trace_id AND s.span_id = l.span_id
WHERE l.trace_id IS NOT NULL AND l.time_unix_nano IS NOT NULL;

CREATE OR REPLACE TEMPORARY TABLE step_spanless AS
WITH unplaced AS (
    SELECT
        trace_id,
        span_id,
        service_name,
        -1 - MIN(log_number) AS execution,
        MIN(moment) AS started
    FROM step_lines
    WHERE execution IS NULL
    GROUP BY trace_id, span_id, service_name
),
traces AS (
    SELECT trace_id, MAX(execution) AS trace_number, MIN(started) AS started FROM unplaced GROUP BY trace_id
)
SELECT
    u.*,
    COALESCE(o.trace_number, t.trace_number) AS trace_number,
    CASE
        WHEN o.trace_number IS NOT NULL THEN o.phase
        WHEN t.started >= $incident_start AND t.started < $incident_end THEN 'incident'
        WHEN t.started >= $baseline_start AND t.started < $baseline_end THEN 'baseline'
        ELSE 'outside'
    END AS phase,
    -DENSE_RANK() OVER (ORDER BY u.service_name) AS label
FROM unplaced AS u
JOIN traces AS t ON t.trace_id = u.trace_id
LEFT JOIN trace_outcomes AS o ON o.trace_id = u.trace_id;

INSERT INTO step_labels
SELECT DISTINCT label, service_name, CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR)
FROM step_spanless;

-- Below 64 levels a tree is a recursion, whose places are not worth telling apart: those spans are left out.
CREATE OR REPLACE TEMPORARY TABLE step_executions AS
WITH RECURSIVE placed AS (
    SELECT span_number, label AS path, 1 AS level FROM step_nodes WHERE parent_number IS NULL
    UNION ALL
    SELECT n.span_number, (p.path * 1000003 + n.label) % 1099511627689 AS path, p.level + 1 AS level
    FROM placed AS p
    JOIN step_nodes AS n ON n.parent_number = p.span_number
    WHERE p.level < 64
)
SELECT p.span_number AS execution, n.label, p.path, s.trace_number, s.phase, s.started
FROM placed AS p
JOIN step_nodes AS n ON n.span_number = p.span_number
JOIN step_spans AS s ON s.span_number = p.span_number
UNION ALL
SELECT execution, label, label AS path, trace_number, phase, started
FROM step_spanless
WHERE phase <> 'outside';
