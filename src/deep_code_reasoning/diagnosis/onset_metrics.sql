-- Metric points in $buckets buckets of equally many moments: from when each is, how many points, and how many of
-- them are in the highest and the lowest quarter of their own series.
-- A point of a cumulative sum is the growth since the point before it, one of a cumulative histogram the mean of what
-- came since then (the mean of all since the start settles down, which looks like a change); none where it was reset.
WITH grown AS (
    SELECT
        m.*,
        CONCAT_WS('|', m.service_name, m.host, m.name, CAST(m.attributes AS VARCHAR)) AS series,
        m.value - LAG(m.value) OVER before AS more_value,
        m.sum - LAG(m.sum) OVER before AS more_sum,
        m.count - LAG(m.count) OVER before AS more_count
    FROM metrics AS m
    WINDOW before AS (
        PARTITION BY m.resource_number, m.service_name, m.host, m.name, CAST(m.attributes AS VARCHAR)
        ORDER BY m.time_unix_nano
    )
),
points AS (
    SELECT
        time_unix_nano,
        series,
        CASE
            WHEN aggregation_temporality IS DISTINCT FROM 'cumulative' THEN value
            WHEN kind = 'sum' AND (more_value >= 0 OR is_monotonic IS FALSE) THEN more_value
            WHEN kind = 'histogram' AND more_count > 0 THEN more_sum / more_count
            WHEN kind IN ('sum', 'histogram') THEN NULL
            ELSE value
        END AS value
    FROM grown
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
