-- One row a span that failed.
--   span_number, parent_number, trace_number, depth
--   service_name, operation, kind, host, start_time_unix_nano, duration_nano
--   how           status (status error), http (5xx answered by a server), exception (recorded on a span without status)
--                 or log (an error line; only where no span of the evidence tells a status, so that silence means nothing)
--   error_type    error.type, or the exception's type, or the HTTP status, or unknown
--   message       the status message, the exception's message or the log line
--   is_first      none of its descendants failed
CREATE TEMPORARY TABLE IF NOT EXISTS failed_spans AS
WITH RECURSIVE
exceptions AS (
    SELECT
        span_number,
        ARG_MAX(exception_type, time_unix_nano) AS exception_type,
        ARG_MAX(exception_message, time_unix_nano) AS exception_message
    FROM events
    WHERE name = 'exception'
    GROUP BY span_number
),
told AS (
    SELECT
        s.span_number,
        CASE
            WHEN s.status_code = 'error' THEN 'status'
            WHEN s.http_response_status_code >= 500 AND s.kind = 'server' THEN 'http'
            ELSE 'exception'
        END AS how,
        COALESCE(s.error_type, e.exception_type, CAST(s.http_response_status_code AS VARCHAR)) AS error_type,
        COALESCE(s.status_message, e.exception_message) AS message
    FROM spans AS s
    LEFT JOIN exceptions AS e ON e.span_number = s.span_number
    WHERE s.status_code = 'error'
        OR (s.http_response_status_code >= 500 AND s.kind = 'server')
        OR (s.status_code = 'unset' AND e.span_number IS NOT NULL)
),
silent AS (
    SELECT
        (SELECT COUNT(*) FROM told) = 0
        AND (SELECT COUNT(*) FROM spans WHERE status_code <> 'unset' OR http_response_status_code IS NOT NULL) = 0
        AS is_silent
),
error_lines AS (
    SELECT trace_id, span_id, service_name, time_unix_nano, exception_type, body
    FROM logs
    WHERE trace_id IS NOT NULL
        AND (SELECT is_silent FROM silent)
        AND (
            severity_number >= $error_severity
            OR (
                COALESCE(severity_number, 0) = 0
                AND REGEXP_MATCHES(SUBSTRING(body, 1, 200), $error_words)
            )
        )
),
entries AS (
    SELECT s.trace_id, s.service_name, ARG_MIN(s.span_number, t.depth) AS span_number
    FROM spans AS s
    JOIN topology AS t ON t.span_number = s.span_number
    WHERE s.trace_id IN (SELECT trace_id FROM error_lines)
    GROUP BY s.trace_id, s.service_name
),
logged AS (
    SELECT
        COALESCE(s.span_number, e.span_number) AS span_number,
        'log' AS how,
        ARG_MIN(
            COALESCE(
                l.exception_type,
                NULLIF(REGEXP_EXTRACT(l.body, '\b((?:\w+\.)*[A-Z]\w*(?:Exception|Error))\b', 1), '')
            ),
            l.time_unix_nano
        ) AS error_type,
        ARG_MIN(SUBSTRING(l.body, 1, 300), l.time_unix_nano) AS message
    FROM error_lines AS l
    LEFT JOIN spans AS s ON s.trace_id = l.trace_id AND s.span_id = l.span_id
    LEFT JOIN entries AS e ON e.trace_id = l.trace_id AND e.service_name = l.service_name
    WHERE s.span_number IS NOT NULL OR e.span_number IS NOT NULL
    GROUP BY COALESCE(s.span_number, e.span_number)
),
failed AS (
    SELECT * FROM told
    UNION ALL
    SELECT * FROM logged
),
climbs AS (
    SELECT span_number, parent_number FROM topology WHERE parent_number IS NOT NULL
),
above AS (
    SELECT c.parent_number AS span_number
    FROM failed AS f
    JOIN climbs AS c ON c.span_number = f.span_number
    UNION
    SELECT c.parent_number AS span_number
    FROM above AS a
    JOIN climbs AS c ON c.span_number = a.span_number
)
SELECT
    f.span_number,
    t.parent_number,
    t.trace_number,
    t.depth,
    s.service_name,
    s.name AS operation,
    s.kind,
    s.host,
    s.start_time_unix_nano,
    s.duration_nano,
    f.how,
    COALESCE(f.error_type, 'unknown') AS error_type,
    f.message,
    a.span_number IS NULL AS is_first
FROM failed AS f
JOIN topology AS t ON t.span_number = f.span_number
JOIN spans AS s ON s.span_number = f.span_number
LEFT JOIN above AS a ON a.span_number = f.span_number;
