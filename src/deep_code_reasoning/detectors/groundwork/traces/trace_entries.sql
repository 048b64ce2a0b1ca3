-- One row a trace: its entry, which is the span without parent that starts first (in a trace whose root was not read:
-- the orphan that starts first); times by its host's clock.
--   trace_number, trace_id
--   root_service, root_operation    the entry span's service and name. A gateway names all it forwards alike ("/*",
--                  "GET"): of one that hands nearly each of its requests on once, to different operations, the operation
--                  is the one behind it, for a search and an order are not to be compared with each other
--   start_time_unix_nano, duration_nano   of the entry span
--   has_error      an error reached the entry span (status error, or HTTP 5xx)
CREATE TEMPORARY TABLE IF NOT EXISTS trace_entries AS
WITH tops AS (
    SELECT
        t.trace_number,
        s.trace_id,
        s.service_name,
        s.name,
        s.start_time_unix_nano,
        s.duration_nano,
        COALESCE(s.status_code = 'error' OR s.http_response_status_code >= 500, FALSE) AS has_error,
        ROW_NUMBER() OVER (
            PARTITION BY t.trace_number
            ORDER BY t.is_orphan, s.start_time_unix_nano, t.span_number
        ) AS place
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    WHERE t.parent_number IS NULL
),
entered AS (
    SELECT * FROM tops WHERE place = 1
),
forwarded AS (
    SELECT
        e.trace_number,
        COUNT(*) AS calls,
        ARG_MIN(s.service_name || ' ' || s.name, s.start_time_unix_nano) AS operation
    FROM entered AS e
    JOIN topology AS t ON t.trace_number = e.trace_number
    JOIN spans AS s ON s.span_number = t.span_number AND s.service_name <> e.service_name
    JOIN spans AS caller ON caller.span_number = t.parent_number AND caller.service_name = e.service_name
    GROUP BY e.trace_number
),
gateways AS (
    SELECT e.service_name, e.name
    FROM entered AS e
    LEFT JOIN forwarded AS f ON f.trace_number = e.trace_number
    GROUP BY e.service_name, e.name
    HAVING COUNT(*) FILTER (WHERE f.calls = 1) >= $forwards * COUNT(*) AND COUNT(DISTINCT f.operation) > 1
)
SELECT
    e.trace_number,
    e.trace_id,
    e.service_name AS root_service,
    CASE WHEN g.name IS NULL THEN e.name ELSE COALESCE(f.operation, e.name) END AS root_operation,
    e.start_time_unix_nano,
    e.duration_nano,
    e.has_error
FROM entered AS e
LEFT JOIN forwarded AS f ON f.trace_number = e.trace_number
LEFT JOIN gateways AS g ON g.service_name = e.service_name AND g.name = e.name;
