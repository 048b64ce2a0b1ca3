-- Series of messages handed out and not acknowledged: the middle of each of 30 slices of the window, in order; a row a slice.
--   queue    the first attribute of the point that names one
WITH names AS (
    SELECT name FROM (SELECT DISTINCT name FROM metrics) AS known WHERE REGEXP_MATCHES(name, $unacked)
),
points AS (
    SELECT
        m.name,
        m.service_name,
        m.host,
        m.time_unix_nano,
        m.value,
        CAST(m.source AS VARCHAR) || ' ' || CAST(m.source_offset AS VARCHAR) || ' '
        || CAST(m.time_unix_nano AS VARCHAR) AS point,
        m.attributes
    FROM metrics AS m
    JOIN names AS n ON n.name = m.name
    WHERE m.value IS NOT NULL AND COALESCE(m.is_monotonic, FALSE) = FALSE
),
flat AS (
    SELECT point, UNNEST(attributes) AS pair FROM points WHERE ARRAY_LENGTH(attributes) > 0
),
named AS (
    SELECT point, MIN(f.pair.value) AS queue
    FROM flat AS f
    WHERE REGEXP_MATCHES(f.pair.key, $queue)
    GROUP BY point
),
phased AS (
    SELECT
        p.name,
        p.service_name,
        p.host,
        q.queue,
        p.value,
        p.time_unix_nano,
        CASE
            WHEN CAST($incident_start AS BIGINT) IS NULL THEN 'incident'
            WHEN p.time_unix_nano >= $incident_start AND p.time_unix_nano < $incident_end THEN 'incident'
            WHEN p.time_unix_nano >= $baseline_start AND p.time_unix_nano < $baseline_end THEN 'baseline'
            ELSE 'outside'
        END AS phase
    FROM points AS p
    LEFT JOIN named AS q ON q.point = p.point
),
spread AS (
    SELECT
        phased.*,
        MIN(time_unix_nano) OVER (PARTITION BY name, service_name, host, queue, phase) AS first_nano,
        MAX(time_unix_nano) OVER (PARTITION BY name, service_name, host, queue, phase) AS last_nano
    FROM phased
    WHERE phase <> 'outside'
)
SELECT
    name,
    service_name,
    host,
    queue,
    phase,
    CAST(FLOOR((time_unix_nano - first_nano) * 30.0 / GREATEST(last_nano - first_nano + 1, 1)) AS BIGINT) AS slice,
    MEDIAN(value) AS middle,
    MIN(time_unix_nano) AS from_nano,
    MAX(time_unix_nano) AS to_nano
FROM spread
GROUP BY name, service_name, host, queue, phase, slice
ORDER BY name, service_name, host, queue, phase, slice
