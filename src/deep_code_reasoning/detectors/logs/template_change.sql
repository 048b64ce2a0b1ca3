-- Lines of traces that a sampler dropped say nothing: their number follows its rate.
-- One row a service, operation and template. Each trace counts once, by the share of the operation's spans in it that
-- wrote the line (spans of one trace run with the same input and are no independent witnesses):
--   after_with, before_with      sum of those shares over the traces of the incident, of the baseline
--   after_traces, before_traces  traces in which the operation ran at all
--   after_lines, before_lines    lines; the only count where lines bear no span of the evidence (operation NULL)
WITH line AS (
    SELECT
        l.log_number,
        l.template_id,
        l.time_unix_nano,
        s.span_number,
        s.name AS operation,
        COALESCE(s.service_name, l.service_name) AS service_name,
        p.trace_number,
        CASE
            WHEN s.span_number IS NOT NULL THEN o.phase
            WHEN l.time_unix_nano >= $incident_start AND l.time_unix_nano < $incident_end THEN 'incident'
            WHEN l.time_unix_nano >= $baseline_start AND l.time_unix_nano < $baseline_end THEN 'baseline'
            ELSE 'outside'
        END AS phase,
        COALESCE(l.severity_number >= $error_severity, FALSE)
        OR (
            COALESCE(l.severity_number, 0) = 0
            AND REGEXP_MATCHES(SUBSTRING(l.body, 1, 200), $error_words)
        ) AS is_error
    FROM logs AS l
    LEFT JOIN spans AS s ON s.trace_id = l.trace_id AND s.span_id = l.span_id
    LEFT JOIN topology AS p ON p.span_number = s.span_number
    LEFT JOIN trace_outcomes AS o ON o.trace_number = p.trace_number
    WHERE l.template_id IS NOT NULL
        AND (
            l.trace_id IS NULL
            OR s.span_number IS NOT NULL
            OR NOT EXISTS (SELECT 1 FROM trace_sampling AS g WHERE g.kind <> 'none')
        )
),
run AS (
    SELECT s.service_name, s.name AS operation, p.trace_number, o.phase, CAST(COUNT(*) AS DOUBLE) AS spans
    FROM spans AS s
    JOIN topology AS p ON p.span_number = s.span_number
    JOIN trace_outcomes AS o ON o.trace_number = p.trace_number
    WHERE o.phase <> 'outside'
    GROUP BY s.service_name, s.name, p.trace_number, o.phase
),
runs AS (
    SELECT
        service_name,
        operation,
        COUNT(*) FILTER (WHERE phase = 'incident') AS after_traces,
        COUNT(*) FILTER (WHERE phase = 'baseline') AS before_traces
    FROM run
    GROUP BY service_name, operation
),
written AS (
    SELECT
        service_name,
        operation,
        template_id,
        trace_number,
        phase,
        COUNT(DISTINCT span_number) AS spans,
        COUNT(*) AS lines,
        BOOL_OR(is_error) AS is_error,
        MIN(time_unix_nano) AS first_nano,
        MAX(time_unix_nano) AS last_nano,
        MIN(log_number) AS first_log,
        MAX(log_number) AS last_log
    FROM line
    WHERE phase <> 'outside'
    GROUP BY service_name, operation, template_id, trace_number, phase
),
counted AS (
    SELECT
        w.service_name,
        w.operation,
        w.template_id,
        COALESCE(SUM(w.spans / r.spans) FILTER (WHERE w.phase = 'incident'), 0) AS after_with,
        COALESCE(SUM(w.spans / r.spans) FILTER (WHERE w.phase = 'baseline'), 0) AS before_with,
        CAST(COALESCE(SUM(w.lines) FILTER (WHERE w.phase = 'incident'), 0) AS BIGINT) AS after_lines,
        CAST(COALESCE(SUM(w.lines) FILTER (WHERE w.phase = 'baseline'), 0) AS BIGINT) AS before_lines,
        BOOL_OR(w.is_error) AS is_error,
        MIN(w.first_nano) FILTER (WHERE w.phase = 'incident') AS first_nano,
        MAX(w.last_nano) FILTER (WHERE w.phase = 'incident') AS last_nano,
        MIN(w.first_log) FILTER (WHERE w.phase = 'incident') AS first_log,
        MAX(w.last_log) FILTER (WHERE w.phase = 'baseline') AS last_log_before
    FROM written AS w
    LEFT JOIN run AS r
        ON r.trace_number = w.trace_number AND r.service_name IS NOT DISTINCT FROM w.service_name AND r.operation = w.operation
    GROUP BY w.service_name, w.operation, w.template_id
)
SELECT
    c.*,
    t.template,
    COALESCE(r.after_traces, 0) AS after_traces,
    COALESCE(r.before_traces, 0) AS before_traces
FROM counted AS c
JOIN log_templates AS t ON t.template_id = c.template_id
LEFT JOIN runs AS r ON r.service_name IS NOT DISTINCT FROM c.service_name AND r.operation = c.operation
