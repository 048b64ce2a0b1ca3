-- Requests that entered at each service and operation, in equal slices of both windows; stood_for counts those as well
-- whose traces a sampler dropped.
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
    SUM(w.weight) AS stood_for,
    SUM(CASE WHEN symptomatic THEN 1 ELSE 0 END) AS symptomatic,
    MIN(trace_id) AS example
FROM trace_outcomes AS o
JOIN trace_weights AS w ON w.trace_number = o.trace_number
WHERE phase IN ('incident', 'baseline')
GROUP BY root_service, root_operation, phase, slice
ORDER BY root_service, root_operation, phase, slice;
