-- Gauges that rested at one value in the baseline and at another in the incident: a setting that was changed.
WITH points AS (
    SELECT
        service_name,
        name,
        value,
        CASE
            WHEN time_unix_nano >= $incident_start AND time_unix_nano < $incident_end THEN 'incident'
            WHEN time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end THEN 'baseline'
        END AS phase
    FROM metrics
    WHERE value IS NOT NULL AND kind IN ('gauge', 'sum')
)
SELECT
    service_name,
    name,
    MEDIAN(value) FILTER (WHERE phase = 'baseline') AS before,
    MEDIAN(value) FILTER (WHERE phase = 'incident') AS after
FROM points
WHERE phase IS NOT NULL
GROUP BY service_name, name
HAVING
    COUNT(*) FILTER (WHERE phase = 'baseline') >= 3
    AND COUNT(*) FILTER (WHERE phase = 'incident') >= 3
    AND MIN(value) FILTER (WHERE phase = 'baseline') = MAX(value) FILTER (WHERE phase = 'baseline')
    AND MEDIAN(value) FILTER (WHERE phase = 'baseline') <> MEDIAN(value) FILTER (WHERE phase = 'incident')
ORDER BY service_name, name
