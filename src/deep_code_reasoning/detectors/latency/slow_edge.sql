-- Time on the way of calls, averaged in each trace: latency_subjects(subject_number, caller, callee, peer, operation)
-- and latency_samples(subject_number, trace_number, phase, value_nano, total_nano, span_number).
-- A call that a service of the evidence answered: the caller's span less the answering span (network, queueing,
-- serialisation), an edge a pair of services; durations only, so clocks play no part. A call nobody else recorded (a
-- database, an outside provider): the client span's self time, an edge a peer and operation.
-- Spans of kind internal count as a call when their only child belongs to another service: some exporters lose kinds.
CREATE OR REPLACE TEMPORARY TABLE edge_calls AS
WITH answers AS (
    SELECT
        t.parent_number AS span_number,
        MAX(child.service_name) AS callee,
        COUNT(*) AS answers,
        SUM(child.duration_nano) AS answer_nano
    FROM topology AS t
    JOIN spans AS child ON child.span_number = t.span_number
    JOIN spans AS parent ON parent.span_number = t.parent_number
    WHERE (
            parent.kind = 'client'
            AND (child.kind = 'server' OR child.service_name IS DISTINCT FROM parent.service_name)
        )
        OR (
            parent.kind IN ('internal', 'unspecified')
            AND child.kind <> 'consumer'
            AND child.service_name IS DISTINCT FROM parent.service_name
        )
    GROUP BY t.parent_number
),
children AS (
    SELECT t.parent_number AS span_number, COUNT(*) AS children
    FROM topology AS t
    JOIN answers AS a ON a.span_number = t.parent_number
    GROUP BY t.parent_number
)
SELECT
    s.span_number,
    s.service_name AS caller,
    a.callee,
    CASE
        WHEN a.span_number IS NOT NULL THEN NULL
        WHEN s.db_system_name IS NOT NULL THEN 'db:' || s.db_system_name || COALESCE('/' || s.db_namespace, '')
        WHEN s.messaging_destination_name IS NOT NULL THEN 'queue:' || s.messaging_destination_name
        ELSE COALESCE(s.server_address, s.rpc_service, s.network_peer_address, 'unknown')
    END AS peer,
    CASE WHEN a.span_number IS NULL THEN s.name END AS operation,
    t.trace_number,
    GREATEST(0, CASE WHEN a.span_number IS NULL THEN t.self_time_nano ELSE s.duration_nano - a.answer_nano END)
        AS edge_nano
FROM spans AS s
JOIN topology AS t ON t.span_number = s.span_number
LEFT JOIN answers AS a ON a.span_number = s.span_number
LEFT JOIN children AS c ON c.span_number = s.span_number
WHERE s.kind = 'client' OR (a.span_number IS NOT NULL AND c.children = 1);

CREATE OR REPLACE TEMPORARY TABLE latency_subjects AS
SELECT
    ROW_NUMBER() OVER (ORDER BY caller, callee, peer, operation) AS subject_number,
    caller,
    callee,
    peer,
    operation
FROM edge_calls
GROUP BY caller, callee, peer, operation;

CREATE OR REPLACE TEMPORARY TABLE latency_samples AS
SELECT
    l.subject_number,
    e.trace_number,
    o.phase,
    AVG(e.edge_nano) AS value_nano,
    SUM(e.edge_nano) AS total_nano,
    ARG_MAX(e.span_number, e.edge_nano) AS span_number
FROM edge_calls AS e
JOIN trace_outcomes AS o ON o.trace_number = e.trace_number
JOIN latency_subjects AS l
    ON l.caller IS NOT DISTINCT FROM e.caller
    AND l.callee IS NOT DISTINCT FROM e.callee
    AND l.peer IS NOT DISTINCT FROM e.peer
    AND l.operation IS NOT DISTINCT FROM e.operation
WHERE o.phase <> 'outside'
GROUP BY l.subject_number, e.trace_number, o.phase;
