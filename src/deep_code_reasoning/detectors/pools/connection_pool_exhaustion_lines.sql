-- Who reports that it got no connection from its pool: temporary tables pool_lines (lines and exceptions of both windows,
-- one a trace and service where the trace is known) and pool_line_counts.
CREATE OR REPLACE TEMPORARY TABLE pool_lines AS
WITH templates AS (
    SELECT template_id
    FROM log_templates
    WHERE REGEXP_MATCHES(template, $refused) AND NOT REGEXP_MATCHES(template, $normal)
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
        AND REGEXP_MATCHES(COALESCE(e.exception_type, '') || ': ' || COALESCE(e.exception_message, ''), $refused)
),
placed AS (
    SELECT
        told.*,
        ROW_NUMBER() OVER (PARTITION BY service_name, COALESCE(trace_id, ref) ORDER BY time_unix_nano, ref) AS place
    FROM told
)
SELECT
    service_name,
    trace_id,
    time_unix_nano,
    ref,
    SUBSTRING(text, 1, 200) AS text,
    CASE
        WHEN CAST($incident_start AS BIGINT) IS NULL THEN 'incident'
        WHEN time_unix_nano >= $incident_start AND time_unix_nano < $incident_end THEN 'incident'
        WHEN time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end THEN 'baseline'
        ELSE 'outside'
    END AS phase
FROM placed
WHERE place = 1;
