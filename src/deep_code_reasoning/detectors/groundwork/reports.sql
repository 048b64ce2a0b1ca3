-- Lines and exceptions that speak of one thing: temporary table report_lines, one row a trace and service where the trace
-- is known: service_name, trace_id, time_unix_nano, ref, text, phase. $told says what they match, $not_told what not.
CREATE OR REPLACE TEMPORARY TABLE report_lines AS
WITH templates AS (
    SELECT t.template_id
    FROM log_templates AS t
    JOIN logs AS l ON l.log_number = t.example_log_number
    WHERE REGEXP_MATCHES(l.body, $told) AND NOT REGEXP_MATCHES(l.body, $not_told)
),
told AS (
    SELECT
        l.service_name,
        l.trace_id,
        l.time_unix_nano,
        'log:' || CAST(l.log_number AS VARCHAR) AS ref,
        l.body AS text
    FROM logs AS l
    JOIN templates AS t ON t.template_id = l.template_id
    WHERE l.time_unix_nano IS NOT NULL
    UNION ALL
    SELECT
        s.service_name,
        s.trace_id,
        e.time_unix_nano,
        'span:' || s.trace_id || '/' || s.span_id AS ref,
        COALESCE(e.exception_type, '') || ': ' || COALESCE(e.exception_message, '') AS text
    FROM events AS e
    JOIN spans AS s ON s.span_number = e.span_number
    WHERE e.name = 'exception'
        AND REGEXP_MATCHES(COALESCE(e.exception_type, '') || ': ' || COALESCE(e.exception_message, ''), $told)
    UNION ALL
    SELECT
        s.service_name,
        s.trace_id,
        f.start_time_unix_nano + f.duration_nano AS time_unix_nano,
        'span:' || s.trace_id || '/' || s.span_id AS ref,
        COALESCE(s.db_system_name || ' ', '') || COALESCE(s.error_type, '') || ': ' || COALESCE(s.status_message, '')
            AS text
    FROM failed_spans AS f
    JOIN spans AS s ON s.span_number = f.span_number
    WHERE REGEXP_MATCHES(
            COALESCE(s.db_system_name || ' ', '') || COALESCE(s.error_type, '') || ': '
            || COALESCE(s.status_message, ''),
            $told
        )
),
placed AS (
    SELECT
        told.*,
        ROW_NUMBER() OVER (
            PARTITION BY service_name, COALESCE(trace_id, ref) ORDER BY time_unix_nano, LENGTH(text) DESC, ref
        ) AS place
    FROM told
)
SELECT
    service_name,
    trace_id,
    time_unix_nano,
    ref,
    SUBSTRING(text, 1, 8000) AS text,
    CASE
        WHEN CAST($incident_start AS BIGINT) IS NULL THEN 'incident'
        WHEN time_unix_nano >= $incident_start AND time_unix_nano < $incident_end THEN 'incident'
        WHEN time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end THEN 'baseline'
        ELSE 'outside'
    END AS phase
FROM placed
WHERE place = 1;
