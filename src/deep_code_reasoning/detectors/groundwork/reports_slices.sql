-- Lines of one service in equal slices of a window, those with any.
SELECT
    phase,
    CASE
        WHEN phase = 'incident'
            THEN CAST(FLOOR((time_unix_nano - $incident_start) * 1.0 * $slices / ($incident_end - $incident_start)) AS BIGINT)
        ELSE CAST(FLOOR((time_unix_nano - $baseline_start) * 1.0 * $slices / ($baseline_end - $baseline_start)) AS BIGINT)
    END AS slice,
    COUNT(*) AS lines
FROM report_lines
WHERE phase IN ('incident', 'baseline') AND service_name IS NOT DISTINCT FROM $service_name
GROUP BY phase, slice
