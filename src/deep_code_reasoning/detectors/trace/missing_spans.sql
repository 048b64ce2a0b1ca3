-- operations: numbers for what spans are called; parent counts service and name, child the address called as well.
CREATE OR REPLACE TEMPORARY TABLE operations AS
SELECT
    named.*,
    DENSE_RANK() OVER (ORDER BY service_name) AS service,
    DENSE_RANK() OVER (ORDER BY service_name, operation) AS parent,
    DENSE_RANK() OVER (ORDER BY service_name, operation, address) AS child
FROM (
    SELECT DISTINCT
        service_name, name AS operation, kind, COALESCE(server_address, db_namespace, '') AS address
    FROM spans
    WHERE service_name IS NOT NULL
) AS named;

CREATE OR REPLACE TEMPORARY TABLE span_operations AS
SELECT s.span_number, t.parent_number, t.trace_number, s.kind, n.service, n.parent, n.child
FROM spans AS s
JOIN topology AS t ON t.span_number = s.span_number
JOIN operations AS n
    ON n.service_name = s.service_name
    AND n.operation = s.name
    AND n.kind = s.kind
    AND n.address = COALESCE(s.server_address, s.db_namespace, '');

-- parent_runs, child_calls: in which traces an operation ran, and in which of those it had a child of which operation.
-- Left out: what runs below a client's span (missing_spans_answers.sql) or in another service below a span of unknown
-- kind (its name may stand for calls of many kinds), and consumers (nobody waits for them).
CREATE OR REPLACE TEMPORARY TABLE parent_runs AS
SELECT DISTINCT parent, trace_number FROM span_operations WHERE kind NOT IN ('client', 'producer');

CREATE OR REPLACE TEMPORARY TABLE child_calls AS
SELECT DISTINCT p.parent, c.child, c.trace_number
FROM span_operations AS c
JOIN span_operations AS p ON p.span_number = c.parent_number
WHERE p.kind NOT IN ('client', 'producer') AND c.kind <> 'consumer' AND (p.service = c.service OR p.kind = 'server');

WITH runs AS (
    SELECT
        r.parent,
        COUNT(*) FILTER (WHERE o.phase = 'incident') AS after,
        COUNT(*) FILTER (WHERE o.phase = 'baseline') AS before
    FROM parent_runs AS r
    JOIN trace_outcomes AS o ON o.trace_number = r.trace_number
    GROUP BY r.parent
),
calls AS (
    SELECT
        c.parent,
        c.child,
        COUNT(*) FILTER (WHERE o.phase = 'incident') AS after_with,
        COUNT(*) FILTER (WHERE o.phase = 'baseline') AS before_with
    FROM child_calls AS c
    JOIN trace_outcomes AS o ON o.trace_number = c.trace_number
    GROUP BY c.parent, c.child
),
parents AS (
    SELECT DISTINCT parent, service_name, operation FROM operations
),
children AS (
    SELECT DISTINCT child, service_name, operation, address FROM operations
)
SELECT
    p.service_name AS parent_service,
    p.operation AS parent_operation,
    k.service_name AS child_service,
    k.operation AS child_operation,
    k.address,
    r.after,
    c.after_with,
    r.before,
    c.before_with
FROM calls AS c
JOIN runs AS r ON r.parent = c.parent
JOIN parents AS p ON p.parent = c.parent
JOIN children AS k ON k.child = c.child
WHERE r.after > 0 AND r.before > 0 AND c.after_with + c.before_with > 0
ORDER BY parent_service, parent_operation, child_service, child_operation, k.address;
