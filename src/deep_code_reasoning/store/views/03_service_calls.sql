-- Every call that leaves a service, one row each: to another service, a database, a queue, or a peer that writes no spans.
-- `callee_nano` is the time at the callee where it wrote a span of its own, else the caller's; `failed`: either side says so.
CREATE VIEW service_calls AS
WITH pairs AS (
    SELECT
        p.span_number AS caller_span_number,
        c.span_number AS callee_span_number,
        p.service_name AS caller,
        c.service_name AS callee,
        p.kind IN ('client', 'producer') AS by_exit_span,
        CASE
            WHEN c.kind = 'consumer' OR p.kind = 'producer' THEN 'messaging'
            WHEN coalesce(c.rpc_system, p.rpc_system) IS NOT NULL THEN 'rpc'
            WHEN coalesce(c.http_request_method, p.http_request_method) IS NOT NULL THEN 'http'
            ELSE 'other'
        END AS kind,
        c.status_code = 'error' OR (p.status_code = 'error' AND p.kind IN ('client', 'producer')) AS failed,
        c.duration_nano AS callee_nano,
        p.duration_nano AS exit_nano,
        c.start_time_unix_nano,
        coalesce(p.messaging_destination_name, c.messaging_destination_name) AS destination
    FROM topology AS t
    JOIN spans AS c ON c.span_number = t.span_number
    JOIN spans AS p ON p.span_number = t.parent_number
    WHERE p.service_name IS NOT NULL
        AND c.service_name IS NOT NULL
        AND (p.service_name <> c.service_name OR (p.kind IN ('client', 'producer') AND c.kind IN ('server', 'consumer')))
),
sent AS (
    SELECT t.span_number, p.messaging_destination_name AS destination
    FROM topology AS t
    JOIN spans AS p ON p.span_number = t.parent_number
    WHERE p.kind = 'producer' AND p.messaging_destination_name IS NOT NULL
    UNION ALL
    SELECT l.span_number, p.messaging_destination_name AS destination
    FROM links AS l
    JOIN spans AS p ON p.trace_id = l.trace_id AND p.span_id = l.span_id
    WHERE p.kind = 'producer' AND p.messaging_destination_name IS NOT NULL
),
senders_names AS (
    SELECT span_number, min(destination) AS destination FROM sent GROUP BY span_number
),
inner_database_spans AS (
    SELECT DISTINCT p.span_number
    FROM topology AS t
    JOIN spans AS c ON c.span_number = t.span_number
    JOIN spans AS p ON p.span_number = t.parent_number
    WHERE c.db_system_name IS NOT NULL AND p.db_system_name IS NOT NULL
),
services AS (
    SELECT DISTINCT service_name FROM spans WHERE service_name IS NOT NULL
)
SELECT
    caller_span_number,
    callee_span_number,
    caller,
    callee,
    kind,
    failed,
    callee_nano,
    CASE WHEN by_exit_span THEN exit_nano END AS caller_nano,
    start_time_unix_nano
FROM pairs
WHERE kind <> 'messaging' OR destination IS NULL
UNION ALL
-- A database writes no spans: it is named by the caller. Of nested database spans (ORM over driver) the innermost count.
SELECT
    span_number AS caller_span_number,
    CAST(NULL AS BIGINT) AS callee_span_number,
    service_name AS caller,
    CASE
        WHEN coalesce(db_namespace, server_address) IS NULL THEN concat('db:', db_system_name)
        ELSE concat('db:', db_system_name, '/', coalesce(db_namespace, server_address))
    END AS callee,
    'db' AS kind,
    status_code = 'error' AS failed,
    duration_nano AS callee_nano,
    duration_nano AS caller_nano,
    start_time_unix_nano
FROM spans
WHERE db_system_name IS NOT NULL
    AND service_name IS NOT NULL
    AND kind NOT IN ('server', 'consumer')
    AND span_number NOT IN (SELECT span_number FROM inner_database_spans)
UNION ALL
-- A queue stands between its producers and its consumers: an edge to it and an edge from it. Consumers may know it by
-- a longer name (RabbitMQ: exchange and queue); the one its sender used counts where parent or link lead to the sender.
SELECT
    span_number AS caller_span_number,
    CAST(NULL AS BIGINT) AS callee_span_number,
    service_name AS caller,
    concat('queue:', messaging_destination_name) AS callee,
    'messaging' AS kind,
    status_code = 'error' AS failed,
    duration_nano AS callee_nano,
    duration_nano AS caller_nano,
    start_time_unix_nano
FROM spans
WHERE messaging_destination_name IS NOT NULL
    AND service_name IS NOT NULL
    AND (kind = 'producer' OR (kind = 'client' AND messaging_operation_type IN ('send', 'publish', 'create')))
UNION ALL
SELECT
    CAST(NULL AS BIGINT) AS caller_span_number,
    s.span_number AS callee_span_number,
    concat('queue:', coalesce(n.destination, s.messaging_destination_name)) AS caller,
    s.service_name AS callee,
    'messaging' AS kind,
    s.status_code = 'error' AS failed,
    s.duration_nano AS callee_nano,
    CAST(NULL AS BIGINT) AS caller_nano,
    s.start_time_unix_nano
FROM spans AS s
LEFT JOIN senders_names AS n ON n.span_number = s.span_number
WHERE s.messaging_destination_name IS NOT NULL
    AND s.service_name IS NOT NULL
    AND (s.kind = 'consumer' OR (s.kind = 'client' AND s.messaging_operation_type IN ('receive', 'process')))
UNION ALL
-- A client span that nobody answered: the peer is outside, was down, or its span was lost. A peer whose address is
-- a known service's name (alone or as the first label of a host name) is that service.
SELECT
    s.span_number AS caller_span_number,
    CAST(NULL AS BIGINT) AS callee_span_number,
    s.service_name AS caller,
    coalesce(v.service_name, concat('external:', s.server_address)) AS callee,
    CASE
        WHEN s.rpc_system IS NOT NULL THEN 'rpc'
        WHEN s.http_request_method IS NOT NULL THEN 'http'
        ELSE 'other'
    END AS kind,
    s.status_code = 'error' AS failed,
    s.duration_nano AS callee_nano,
    s.duration_nano AS caller_nano,
    s.start_time_unix_nano
FROM spans AS s
LEFT JOIN services AS v ON v.service_name = split_part(s.server_address, '.', 1)
WHERE s.kind = 'client'
    AND s.service_name IS NOT NULL
    AND s.server_address IS NOT NULL
    AND s.db_system_name IS NULL
    AND s.messaging_system IS NULL
    AND s.span_number NOT IN (SELECT parent_number FROM topology WHERE parent_number IS NOT NULL);
