-- What each span took by itself or on the way; depends on the evidence alone.
--   span_number, trace_number
--   is_edge    whether the time is one on the way: of a call that a service of the evidence answered, the caller's span
--              less the answering span (network, queueing, serialisation; durations only, so clocks play no part), keyed by
--              the two services; of a call nobody else recorded (a database, an outside provider), the client span's self
--              time, keyed by peer and operation. Spans of kind internal count as a call when their only child belongs to
--              another service: some exporters lose kinds.
--              Else it is the self time of an operation. Calls are left out there, that is clients, producers and spans
--              with a child on another host or of another service. Asynchronous frameworks record the handler and the
--              calls it waits for side by side, as children of one span: what a call beside it overlaps is taken off a
--              span's self time (in families of up to $largest_family children).
--   service_name  of the operation, of the caller;  callee, peer (edges only), operation (NULL of an answered call)
--   nano
CREATE TEMPORARY TABLE IF NOT EXISTS span_times AS
WITH answers AS (
    SELECT
        t.parent_number AS span_number,
        MAX(child.service_name) AS callee,
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
),
remote AS (
    SELECT DISTINCT t.parent_number AS span_number
    FROM topology AS t
    JOIN spans AS child ON child.span_number = t.span_number
    JOIN spans AS parent ON parent.span_number = t.parent_number
    WHERE child.service_name IS DISTINCT FROM parent.service_name OR child.host IS DISTINCT FROM parent.host
),
calls AS (
    SELECT t.span_number, t.parent_number, t.start_time_unix_nano, t.end_time_unix_nano
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    LEFT JOIN remote AS r ON r.span_number = t.span_number
    WHERE s.kind IN ('client', 'producer') OR r.span_number IS NOT NULL
),
families AS (
    SELECT parent_number
    FROM topology
    WHERE parent_number IS NOT NULL
    GROUP BY parent_number
    HAVING COUNT(*) BETWEEN 2 AND $largest_family
),
waiting AS (
    SELECT
        own.span_number,
        SUM(
            LEAST(own.end_time_unix_nano, c.end_time_unix_nano)
            - GREATEST(own.start_time_unix_nano, c.start_time_unix_nano)
        ) AS overlap_nano
    FROM calls AS c
    JOIN families AS f ON f.parent_number = c.parent_number
    JOIN topology AS own ON own.parent_number = c.parent_number
    WHERE own.span_number <> c.span_number
        AND own.start_time_unix_nano < c.end_time_unix_nano
        AND c.start_time_unix_nano < own.end_time_unix_nano
    GROUP BY own.span_number
)
SELECT
    s.span_number,
    t.trace_number,
    FALSE AS is_edge,
    s.service_name,
    CAST(NULL AS VARCHAR) AS callee,
    CAST(NULL AS VARCHAR) AS peer,
    s.name AS operation,
    GREATEST(0, t.self_time_nano - COALESCE(w.overlap_nano, 0)) AS nano
FROM spans AS s
JOIN topology AS t ON t.span_number = s.span_number
LEFT JOIN remote AS r ON r.span_number = s.span_number
LEFT JOIN waiting AS w ON w.span_number = s.span_number
WHERE s.kind NOT IN ('client', 'producer') AND r.span_number IS NULL
UNION ALL
SELECT
    s.span_number,
    t.trace_number,
    TRUE,
    s.service_name,
    a.callee,
    CASE
        WHEN a.span_number IS NOT NULL THEN NULL
        WHEN s.db_system_name IS NOT NULL THEN 'db:' || s.db_system_name || COALESCE('/' || s.db_namespace, '')
        WHEN s.messaging_destination_name IS NOT NULL THEN 'queue:' || s.messaging_destination_name
        ELSE COALESCE(s.server_address, s.rpc_service, s.network_peer_address, 'unknown')
    END,
    CASE WHEN a.span_number IS NULL THEN s.name END,
    GREATEST(0, CASE WHEN a.span_number IS NULL THEN t.self_time_nano ELSE s.duration_nano - a.answer_nano END)
FROM spans AS s
JOIN topology AS t ON t.span_number = s.span_number
LEFT JOIN answers AS a ON a.span_number = s.span_number
LEFT JOIN children AS c ON c.span_number = s.span_number
WHERE s.kind = 'client' OR (a.span_number IS NOT NULL AND c.children = 1);
