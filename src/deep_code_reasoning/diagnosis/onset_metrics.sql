-- Metric points in $buckets buckets of equally many moments: from when each is, how many points, and how many of
-- them are in the highest and the lowest quarter of their own series.
-- A point of a cumulative sum is the growth since the point before it.
WITH points AS (
    SELECT
        m.time_unix_nano,
        CONCAT_WS('|', m.service_name, m.host, m.name, CAST(m.attributes AS VARCHAR)) AS series,
        CASE
            WHEN m.kind = 'sum' AND m.aggregation_temporality = 'cumulative'
                THEN m.value - LAG(m.value) OVER (
                    PARTITION BY m.resource_number, m.service_name, m.host, m.name, CAST(m.attributes AS VARCHAR)
                    ORDER BY m.time_unix_nano
                )
            ELSE m.value
        END AS value
    FROM metrics AS m
),
moments AS (
    SELECT time_unix_nano, NTILE($buckets) OVER (ORDER BY time_unix_nano) AS bucket
    FROM (SELECT DISTINCT time_unix_nano FROM metrics) AS each_moment
),
limits AS (
    SELECT series, QUANTILE_CONT(value, 0.25) AS low_limit, QUANTILE_CONT(value, 0.75) AS high_limit
    FROM points
    WHERE value IS NOT NULL
    GROUP BY series
    HAVING COUNT(*) >= 12 AND MIN(value) < MAX(value)
)
SELECT
    MIN(p.time_unix_nano) AS starts,
    MAX(p.time_unix_nano) AS ends,
    COUNT(*) AS total,
    COUNT(*) FILTER (WHERE p.value > l.high_limit) AS high,
    COUNT(*) FILTER (WHERE p.value < l.low_limit) AS low
FROM points AS p
JOIN limits AS l ON l.series = p.series
JOIN moments AS m ON m.time_unix_nano = p.time_unix_nano
WHERE p.value IS NOT NULL
GROUP BY m.bucket
ORDER BY m.bucket
