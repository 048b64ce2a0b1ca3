-- parent_runs, child_calls: in which traces an operation ran, and in which of those it had a child of which operation.
-- Left out: what runs below a client's span (missing_spans_answers.sql) or in another service below a span of unknown
-- kind (its name may stand for calls of many kinds), and consumers (nobody waits for them).
CREATE OR REPLACE TEMPORARY TABLE parent_runs AS
SELECT DISTINCT s.service_name AS parent_service, s.name AS parent_operation, o.trace_number, o.phase, o.symptomatic
FROM spans AS s
JOIN topology AS t ON t.span_number = s.span_number
JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
WHERE s.kind NOT IN ('client', 'producer') AND o.phase <> 'outside' AND s.service_name IS NOT NULL;

CREATE OR REPLACE TEMPORARY TABLE child_calls AS
SELECT DISTINCT
    p.service_name AS parent_service,
    p.name AS parent_operation,
    c.service_name AS child_service,
    c.name AS child_operation,
    COALESCE(c.server_address, c.db_namespace, '') AS address,
    o.trace_number,
    o.phase
FROM topology AS t
JOIN spans AS c ON c.span_number = t.span_number
JOIN spans AS p ON p.span_number = t.parent_number
JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
WHERE p.kind NOT IN ('client', 'producer') AND c.kind <> 'consumer' AND o.phase <> 'outside'
    AND (p.service_name = c.service_name OR (p.kind = 'server' AND c.service_name IS NOT NULL));

WITH runs AS (
    SELECT
        parent_service,
        parent_operation,
        COUNT(*) FILTER (WHERE phase = 'incident') AS after,
        COUNT(*) FILTER (WHERE phase = 'baseline') AS before
    FROM parent_runs
    GROUP BY parent_service, parent_operation
)
SELECT
    c.parent_service,
    c.parent_operation,
    c.child_service,
    c.child_operation,
    c.address,
    r.after,
    COUNT(*) FILTER (WHERE c.phase = 'incident') AS after_with,
    r.before,
    COUNT(*) FILTER (WHERE c.phase = 'baseline') AS before_with
FROM child_calls AS c
JOIN runs AS r ON r.parent_service = c.parent_service AND r.parent_operation = c.parent_operation
WHERE r.after > 0 AND r.before > 0
GROUP BY c.parent_service, c.parent_operation, c.child_service, c.child_operation, c.address, r.after, r.before
ORDER BY c.parent_service, c.parent_operation, c.child_service, c.child_operation, c.address;
