-- A row for each series with points in the incident: its figures before and in the incident, turned so that up is worse
-- (`turned` = -1 where it was turned). Where the given baseline has fewer than $enough points of a series, and there are
-- more before the incident, those are its baseline.
WITH counted AS (
    SELECT
        series_number,
        COUNT(*) FILTER (WHERE is_incident) AS after,
        COUNT(*) FILTER (WHERE is_baseline) AS given,
        COUNT(*) FILTER (WHERE is_before) AS earlier
    FROM metric_points
    GROUP BY series_number
),
chosen AS (
    SELECT counted.*, given >= $enough OR given >= earlier AS takes_given
    FROM counted
    WHERE after > 0
),
samples AS (
    SELECT p.series_number, p.moment, p.value, p.is_incident
    FROM metric_points AS p
    JOIN chosen AS c ON c.series_number = p.series_number
    WHERE p.is_incident OR (CASE WHEN c.takes_given THEN p.is_baseline ELSE p.is_before END)
),
directed AS (
    SELECT
        p.series_number,
        MEDIAN(p.value) FILTER (WHERE NOT p.is_incident) AS middle,
        CASE
            WHEN MIN(s.worse) = -1
                OR (
                    MIN(s.worse) = 0
                    AND AVG(p.value) FILTER (WHERE p.is_incident) < MEDIAN(p.value) FILTER (WHERE NOT p.is_incident)
                )
                THEN -1
            ELSE 1
        END AS turned
    FROM samples AS p
    JOIN metric_series AS s ON s.series_number = p.series_number
    GROUP BY p.series_number
),
ranked AS (
    SELECT
        p.series_number,
        p.moment,
        p.is_incident,
        d.turned,
        d.turned * p.value AS x,
        d.turned * d.middle AS middle,
        RANK() OVER (PARTITION BY p.series_number ORDER BY d.turned * p.value) AS lowest_rank,
        COUNT(*) OVER (PARTITION BY p.series_number, p.value) AS equals,
        ROW_NUMBER() OVER (
            PARTITION BY p.series_number, p.is_incident ORDER BY d.turned * p.value DESC, p.moment
        ) AS place,
        LAG(d.turned * p.value) OVER (PARTITION BY p.series_number, p.is_incident ORDER BY p.moment) AS x_before
    FROM samples AS p
    JOIN directed AS d ON d.series_number = p.series_number
),
stated AS (
    SELECT
        series_number,
        MIN(turned) AS turned,
        COUNT(*) FILTER (WHERE is_incident) AS after,
        COUNT(*) FILTER (WHERE NOT is_incident) AS before,
        AVG(x) FILTER (WHERE is_incident) AS mean_after,
        MEDIAN(x) FILTER (WHERE is_incident) AS median_after,
        MAX(middle) AS median_before,
        MEDIAN(ABS(x - middle)) FILTER (WHERE NOT is_incident) AS mad_before,
        MAX(x) FILTER (WHERE NOT is_incident) AS highest_before,
        COALESCE(MAX(x) FILTER (WHERE NOT is_incident AND place = 2), MAX(middle)) AS second_before,
        SUM(lowest_rank + (equals - 1) / 2.0) FILTER (WHERE is_incident) AS rank_sum,
        CAST(SUM(equals * equals - 1) AS DOUBLE) AS ties,
        COALESCE(
            SUM((x - middle) * (x_before - middle)) FILTER (WHERE NOT is_incident AND x_before IS NOT NULL)
            / NULLIF(SUM((x - middle) * (x - middle)) FILTER (WHERE NOT is_incident), 0),
            0
        ) AS correlation
    FROM ranked
    GROUP BY series_number
),
spacing AS (
    SELECT series_number, CAST(MEDIAN(moment - moment_before) AS BIGINT) AS step
    FROM (SELECT series_number, moment, LAG(moment) OVER (PARTITION BY series_number ORDER BY moment) AS moment_before FROM metric_points)
    WHERE moment_before IS NOT NULL
    GROUP BY series_number
),
upper AS (
    SELECT
        r.series_number,
        MIN(r.x) FILTER (WHERE r.place <= GREATEST(1, FLOOR((s.after + 1) / 4.0))) AS upper_after,
        MIN(r.moment) FILTER (WHERE r.x > s.highest_before AND r.x > (s.median_before + s.mean_after) / 2) AS first_at,
        MAX(r.moment) FILTER (WHERE r.x > s.highest_before AND r.x > (s.median_before + s.mean_after) / 2) AS last_at
    FROM ranked AS r
    JOIN stated AS s ON s.series_number = r.series_number
    WHERE r.is_incident
    GROUP BY r.series_number
)
SELECT
    m.*,
    s.*,
    CASE WHEN c.takes_given THEN 'given' ELSE 'before the incident' END AS baseline_is,
    s.rank_sum - s.after * (s.after + 1) / 2.0 AS u,
    u.upper_after,
    u.first_at,
    u.last_at,
    COALESCE(g.step, 0) AS step
FROM stated AS s
JOIN chosen AS c ON c.series_number = s.series_number
JOIN upper AS u ON u.series_number = s.series_number
JOIN metric_series AS m ON m.series_number = s.series_number
LEFT JOIN spacing AS g ON g.series_number = s.series_number
WHERE s.before > 0
ORDER BY s.series_number;
