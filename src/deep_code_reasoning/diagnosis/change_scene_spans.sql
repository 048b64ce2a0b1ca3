-- What spans of the incident tell that those of the baseline did not: failures and statements.
WITH told AS (
    SELECT
        service_name,
        name,
        status_message,
        error_type,
        db_query_text,
        attributes,
        start_time_unix_nano AS at_nano,
        span_number,
        status_code = 'error' AS is_error
    FROM spans
    WHERE status_code = 'error' OR db_query_text IS NOT NULL
),
usual AS (
    SELECT DISTINCT service_name, name, is_error, COALESCE(db_query_text, '') AS statement
    FROM told
    WHERE at_nano >= $baseline_start AND at_nano < $baseline_end
)
SELECT
    t.service_name,
    t.name,
    t.status_message,
    t.error_type,
    t.db_query_text,
    ARG_MIN(t.attributes, t.span_number) AS attributes,
    COUNT(*) AS spans
FROM told AS t
LEFT JOIN usual AS u
    ON u.service_name IS NOT DISTINCT FROM t.service_name
    AND u.name = t.name
    AND u.is_error = t.is_error
    AND u.statement = COALESCE(t.db_query_text, '')
WHERE t.at_nano >= $incident_start AND t.at_nano < $incident_end AND u.name IS NULL
GROUP BY t.service_name, t.name, t.status_message, t.error_type, t.db_query_text
ORDER BY spans DESC, t.service_name, t.name
LIMIT $most
