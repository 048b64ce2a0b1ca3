-- Requests that entered at each service and operation, in equal slices of both windows.
SELECT
    root_service,
    root_operation,
    phase,
    CASE
        WHEN phase = 'incident'
            THEN CAST(FLOOR((start_time_unix_nano - $incident_start) * 1.0 * $slices / ($incident_end - $incident_start)) AS BIGINT)
        ELSE CAST(FLOOR((start_time_unix_nano - $baseline_start) * 1.0 * $slices / ($baseline_end - $baseline_start)) AS BIGINT)
    END AS slice,
    COUNT(*) AS requests,
    SUM(CASE WHEN symptomatic THEN 1 ELSE 0 END) AS symptomatic,
    MIN(trace_id) AS example
FROM trace_outcomes
WHERE phase IN ('incident', 'baseline')
GROUP BY root_service, root_operation, phase, slice
ORDER BY root_service, root_operation, phase, slice;
