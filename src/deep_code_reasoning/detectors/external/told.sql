-- What failures said, one row a warning or error line and one a failed span with a message, whatever the window.
CREATE TEMPORARY TABLE IF NOT EXISTS failures_told AS
WITH exceptions AS (
    SELECT
        span_number,
        ARG_MAX(exception_type, time_unix_nano) AS exception_type,
        ARG_MAX(exception_message, time_unix_nano) AS exception_message
    FROM events
    WHERE name = 'exception'
    GROUP BY span_number
)
SELECT
    service_name,
    host,
    time_unix_nano,
    LOWER(SUBSTRING(CONCAT_WS(' ', body, exception_type), 1, 600)) AS text,
    CONCAT('log:', CAST(log_number AS VARCHAR)) AS ref
FROM logs
WHERE time_unix_nano IS NOT NULL
    AND (
        severity_number >= $warning_severity
        OR (COALESCE(severity_number, 0) = 0 AND REGEXP_MATCHES(SUBSTRING(body, 1, 200), $error_words))
    )
UNION ALL
SELECT
    s.service_name,
    s.host,
    s.start_time_unix_nano,
    LOWER(SUBSTRING(CONCAT_WS(' ', s.name, s.status_message, s.error_type, e.exception_type, e.exception_message), 1, 600)),
    CONCAT('span:', s.trace_id, '/', s.span_id)
FROM spans AS s
LEFT JOIN exceptions AS e ON e.span_number = s.span_number
WHERE s.status_code = 'error' AND COALESCE(s.status_message, s.error_type, e.exception_message, e.exception_type) IS NOT NULL
