-- Of the traces that a service's log lines name, by phase: how many have spans, all and those with an error line.
WITH told AS (
    SELECT
        l.service_name,
        CASE
            WHEN CAST($incident_start AS BIGINT) IS NULL THEN 'incident'
            WHEN MIN(l.time_unix_nano) >= $incident_start AND MIN(l.time_unix_nano) < $incident_end THEN 'incident'
            WHEN MIN(l.time_unix_nano) >= $baseline_start AND MIN(l.time_unix_nano) < $baseline_end THEN 'baseline'
        END AS phase,
        l.trace_id,
        MAX(CASE WHEN l.severity_number >= 17 THEN 1 ELSE 0 END) AS is_error
    FROM logs AS l
    CROSS JOIN (
        SELECT MIN(start_time_unix_nano) AS first, MAX(start_time_unix_nano + duration_nano) AS last FROM trace_outcomes
    ) AS seen
    WHERE LENGTH(l.trace_id) = 32 AND l.time_unix_nano BETWEEN seen.first AND seen.last
    GROUP BY l.service_name, l.trace_id
)
SELECT
    t.service_name AS root_service,
    t.phase,
    COUNT(*) FILTER (WHERE t.is_error = 1 AND o.trace_id IS NOT NULL) AS error_kept,
    COUNT(*) FILTER (WHERE t.is_error = 1) AS errors,
    COUNT(*) FILTER (WHERE t.is_error = 0 AND o.trace_id IS NOT NULL) AS other_kept,
    COUNT(*) FILTER (WHERE t.is_error = 0) AS others
FROM told AS t
LEFT JOIN trace_outcomes AS o ON o.trace_id = t.trace_id
WHERE t.phase IS NOT NULL
GROUP BY t.service_name, t.phase
ORDER BY t.service_name, t.phase;
