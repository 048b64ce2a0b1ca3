-- What each request that enters a service calls in turn, in three temporary tables.
-- fan_out_requests: a row a span at which a request enters a service (it has no parent, one of another service, or is a
--   server or consumer span): request_number, trace_number, phase, service_name, operation.
-- fan_out_calls: a row a request, peer and operation called: calls that succeeded, one where they follow one another
--   (a loop, a poll or a heartbeat, of which a request that lasts longer makes more), all where they overlap; their time,
--   first and last instant.
--   A call is a client or producer span, a database span, or a span with a child in another service (some exporters lose
--   kinds); of calls nested in one another (ORM over driver) the outermost counts. Digits of names are masked.
-- fan_out_samples: a row a trace and operation: calls a request, in hundredths.
CREATE OR REPLACE TEMPORARY TABLE fan_out_spans AS
SELECT
    t.span_number,
    t.parent_number,
    t.trace_number,
    s.service_name,
    s.name,
    p.span_number IS NULL
    OR s.service_name IS DISTINCT FROM p.service_name
    OR s.kind IN ('server', 'consumer') AS is_entry,
    s.kind IN ('client', 'producer')
    OR (s.db_system_name IS NOT NULL AND s.kind NOT IN ('server', 'consumer'))
    OR COALESCE(r.is_remote, FALSE) AS is_call
FROM topology AS t
JOIN spans AS s ON s.span_number = t.span_number
LEFT JOIN spans AS p ON p.span_number = t.parent_number
LEFT JOIN (
    SELECT t.parent_number, MAX(c.service_name IS DISTINCT FROM p.service_name AND c.kind <> 'consumer') AS is_remote
    FROM topology AS t
    JOIN spans AS c ON c.span_number = t.span_number
    JOIN spans AS p ON p.span_number = t.parent_number
    WHERE p.kind IN ('internal', 'unspecified')
    GROUP BY t.parent_number
) AS r ON r.parent_number = t.span_number;

CREATE OR REPLACE TEMPORARY TABLE fan_out_requests AS
SELECT f.span_number AS request_number, f.trace_number, o.phase, f.service_name, f.name AS operation
FROM fan_out_spans AS f
JOIN trace_outcomes AS o ON o.trace_number = f.trace_number
WHERE f.is_entry AND o.phase <> 'outside';

CREATE OR REPLACE TEMPORARY TABLE fan_out_calls AS
WITH RECURSIVE
below AS (
    SELECT request_number AS span_number, request_number FROM fan_out_requests
    UNION ALL
    SELECT f.span_number, b.request_number
    FROM below AS b
    JOIN fan_out_spans AS f ON f.parent_number = b.span_number
    JOIN fan_out_spans AS above ON above.span_number = b.span_number
    WHERE NOT f.is_entry AND (above.is_entry OR NOT above.is_call)
),
operations AS (
    SELECT name, REGEXP_REPLACE(name, '\b[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*\b', '?', 'g') AS called
    FROM (SELECT DISTINCT name FROM fan_out_spans WHERE is_call) AS names
),
calls AS (
    SELECT
        b.request_number,
        COALESCE(s.server_address, s.db_namespace, s.messaging_destination_name, s.rpc_service, '') AS peer,
        n.called,
        s.span_number,
        s.start_time_unix_nano,
        s.duration_nano
    FROM below AS b
    JOIN fan_out_spans AS f ON f.span_number = b.span_number AND f.is_call AND NOT f.is_entry
    JOIN spans AS s ON s.span_number = b.span_number
    JOIN operations AS n ON n.name = s.name
    LEFT JOIN failed_spans AS e ON e.span_number = b.span_number
    WHERE e.span_number IS NULL
)
SELECT
    request_number,
    peer,
    called,
    CASE
        WHEN SUM(duration_nano) > MAX(start_time_unix_nano + duration_nano) - MIN(start_time_unix_nano) THEN COUNT(*)
        ELSE 1
    END AS calls,
    SUM(duration_nano) AS call_nano,
    MIN(start_time_unix_nano) AS first_nano,
    MAX(start_time_unix_nano + duration_nano) AS last_nano,
    MIN(span_number) AS span_number
FROM calls
GROUP BY request_number, peer, called;

CREATE OR REPLACE TEMPORARY TABLE fan_out_samples AS
WITH each AS (
    SELECT request_number, SUM(calls) AS calls
    FROM fan_out_calls
    GROUP BY request_number
)
SELECT
    r.service_name,
    r.operation,
    r.trace_number,
    r.phase,
    CAST(ROUND(AVG(COALESCE(e.calls, 0)) * 100) AS BIGINT) AS hundredths
FROM fan_out_requests AS r
LEFT JOIN each AS e ON e.request_number = r.request_number
GROUP BY r.service_name, r.operation, r.trace_number, r.phase;
