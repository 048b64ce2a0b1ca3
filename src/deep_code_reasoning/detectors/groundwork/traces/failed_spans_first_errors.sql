-- One row a failed span below which nothing failed, and who is to be asked about it.
--   the columns of failed_spans, and
--   reach             own        the operation failed by itself
--                     timed_out  a call whose callee answered without error, but later than the caller waited
--                     unreached  a call that no server of the evidence saw: the callee, the way to it, or a database
--                     refused    a call answered with an error that the callee does not regard as its own: HTTP 4xx, an
--                                RPC status, a SQLSTATE other than of connections, resources and shutdown (08, 53, 57)
--   at_fault_service  the callee of a call that timed out or did not reach it, where that is a service of the
--                     evidence (it answers the same call at other times, or bears the name called); else its own
--   peer              the other end of a call: the caller, or the name of the callee that has no telemetry of its own
CREATE TEMPORARY TABLE IF NOT EXISTS first_errors AS
WITH firsts AS (
    SELECT
        f.*,
        s.http_response_status_code,
        s.rpc_system,
        s.db_system_name IS NOT NULL AND REGEXP_MATCHES(f.error_type, '^[0-9A-Z]{5}$')
            AND NOT REGEXP_MATCHES(f.error_type, '^(08|53|57)') AS is_statement_refused,
        REGEXP_MATCHES(f.error_type, '(?i)time.?out|timed.?out|deadline|^(408|504)$') AS is_timeout,
        COALESCE(s.server_address, '') AS server_address,
        CASE
            WHEN s.db_system_name IS NOT NULL
                THEN 'db:' || s.db_system_name || COALESCE('/' || s.db_namespace, '')
            WHEN s.messaging_destination_name IS NOT NULL THEN 'queue:' || s.messaging_destination_name
            ELSE COALESCE(s.server_address, s.rpc_service, s.network_peer_address)
        END AS peer_name
    FROM failed_spans AS f
    JOIN spans AS s ON s.span_number = f.span_number
    WHERE f.is_first
),
answers AS (
    SELECT
        f.span_number,
        ARG_MAX(callee.service_name, callee.duration_nano) AS callee,
        MAX(callee.duration_nano) AS callee_nano
    FROM firsts AS f
    JOIN topology AS t ON t.parent_number = f.span_number
    JOIN spans AS callee ON callee.span_number = t.span_number
    WHERE f.kind = 'client' AND callee.kind = 'server'
    GROUP BY f.span_number
),
unanswered AS (
    SELECT DISTINCT f.service_name, f.operation, f.server_address
    FROM firsts AS f
    LEFT JOIN answers AS a ON a.span_number = f.span_number
    WHERE f.kind = 'client' AND a.span_number IS NULL
),
usual_answers AS (
    SELECT u.service_name, u.operation, u.server_address, callee.service_name AS callee, COUNT(*) AS calls
    FROM unanswered AS u
    JOIN spans AS caller
        ON caller.service_name = u.service_name
        AND caller.name = u.operation
        AND COALESCE(caller.server_address, '') = u.server_address
        AND caller.kind = 'client'
    JOIN topology AS t ON t.parent_number = caller.span_number
    JOIN spans AS callee ON callee.span_number = t.span_number AND callee.kind = 'server'
    GROUP BY u.service_name, u.operation, u.server_address, callee.service_name
),
usual AS (
    SELECT service_name, operation, server_address, ARG_MAX(callee, calls) AS callee
    FROM usual_answers
    GROUP BY service_name, operation, server_address
),
known AS (
    SELECT DISTINCT service_name FROM spans
),
judged AS (
    SELECT
        f.*,
        CASE
            WHEN f.kind NOT IN ('client', 'producer') THEN 'own'
            WHEN f.http_response_status_code BETWEEN 400 AND 499
                AND f.http_response_status_code NOT IN (408, 429) THEN 'refused'
            WHEN f.is_statement_refused THEN 'refused'
            WHEN a.span_number IS NULL THEN 'unreached'
            WHEN f.is_timeout OR a.callee_nano > f.duration_nano THEN 'timed_out'
            WHEN f.rpc_system IS NOT NULL THEN 'refused'
            ELSE 'own'
        END AS reach,
        COALESCE(a.callee, u.callee, k.service_name) AS callee
    FROM firsts AS f
    LEFT JOIN answers AS a ON a.span_number = f.span_number
    LEFT JOIN usual AS u
        ON u.service_name = f.service_name AND u.operation = f.operation AND u.server_address = f.server_address
        AND f.kind = 'client'
    LEFT JOIN known AS k ON k.service_name = SPLIT_PART(f.server_address, '.', 1)
)
SELECT
    span_number,
    parent_number,
    trace_number,
    depth,
    service_name,
    operation,
    kind,
    host,
    start_time_unix_nano,
    duration_nano,
    how,
    error_type,
    message,
    reach,
    CASE WHEN reach IN ('timed_out', 'unreached') THEN COALESCE(callee, service_name) ELSE service_name END
        AS at_fault_service,
    CASE
        WHEN reach IN ('timed_out', 'unreached') AND callee IS NOT NULL THEN service_name
        WHEN kind IN ('client', 'producer') THEN COALESCE(callee, peer_name)
    END AS peer
FROM judged;
