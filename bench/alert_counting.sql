-- The services that sound the most alarms in the incident, loudest first: what a script without a model of the system
-- says. An alarm, however often it sounds, is: an operation with spans that failed; one with spans slower than its 99th
-- percentile in the baseline; a log template of error lines, or one that the baseline does not hold; a metric with points
-- further than 3 median absolute deviations from their series' median in the baseline.
WITH phased_spans AS (
    SELECT
        service_name,
        name,
        duration_nano,
        status_code = 'error' OR http_response_status_code >= 500 AS failed,
        start_time_unix_nano >= $incident_start AND start_time_unix_nano < $incident_end AS is_incident,
        start_time_unix_nano >= $baseline_start AND start_time_unix_nano < $baseline_end AS is_baseline
    FROM spans
),
usual AS (
    SELECT service_name, name, QUANTILE_CONT(duration_nano, 0.99) AS limit_nano
    FROM phased_spans
    WHERE is_baseline
    GROUP BY service_name, name
),
phased_points AS (
    SELECT
        service_name,
        name,
        host,
        value,
        time_unix_nano >= $incident_start AND time_unix_nano < $incident_end AS is_incident,
        time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end AS is_baseline
    FROM metrics
    WHERE value IS NOT NULL
),
medians AS (
    SELECT service_name, name, host, MEDIAN(value) AS middle
    FROM phased_points
    WHERE is_baseline
    GROUP BY service_name, name, host
),
spreads AS (
    SELECT m.service_name, m.name, m.host, m.middle, MEDIAN(ABS(p.value - m.middle)) AS deviation
    FROM medians AS m
    JOIN phased_points AS p
        ON p.service_name IS NOT DISTINCT FROM m.service_name AND p.name = m.name AND p.host IS NOT DISTINCT FROM m.host
    WHERE p.is_baseline
    GROUP BY m.service_name, m.name, m.host, m.middle
),
alarms AS (
    SELECT DISTINCT s.service_name, s.name || CASE WHEN s.failed THEN ' failed' ELSE ' slow' END AS alarm
    FROM phased_spans AS s
    LEFT JOIN usual AS u ON u.service_name IS NOT DISTINCT FROM s.service_name AND u.name = s.name
    WHERE s.is_incident AND (s.failed OR s.duration_nano > u.limit_nano)
    UNION ALL
    SELECT DISTINCT service_name, CAST(template_id AS VARCHAR) AS alarm
    FROM logs
    WHERE time_unix_nano >= $incident_start AND time_unix_nano < $incident_end
        AND (
            severity_number >= 17
            OR template_id NOT IN (
                SELECT template_id
                FROM logs
                WHERE time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end AND template_id IS NOT NULL
            )
        )
    UNION ALL
    SELECT DISTINCT p.service_name, p.name AS alarm
    FROM phased_points AS p
    JOIN spreads AS s
        ON s.service_name IS NOT DISTINCT FROM p.service_name AND s.name = p.name AND s.host IS NOT DISTINCT FROM p.host
    WHERE p.is_incident AND s.deviation > 0 AND ABS(p.value - s.middle) > 3 * s.deviation
)
SELECT service_name
FROM alarms
WHERE service_name IS NOT NULL
GROUP BY service_name
ORDER BY COUNT(*) DESC, service_name
