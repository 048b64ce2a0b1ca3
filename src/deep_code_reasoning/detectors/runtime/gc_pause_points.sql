-- What each metric point adds: time paused and number of pauses since the point before, and the longest pause that
-- must have been among them (the new maximum, else the mean).
WITH points AS (
    SELECT
        p.service_name,
        p.host,
        p.name,
        p.time_unix_nano,
        p.start_time_unix_nano,
        CASE WHEN p.kind IN ('histogram', 'summary') THEN p.sum ELSE p.value END * f.factor AS total,
        p.count AS pauses,
        p.max * f.factor AS longest,
        p.aggregation_temporality = 'delta' AS is_delta,
        CAST(p.attributes AS VARCHAR) AS series
    FROM metrics AS p
    JOIN gc_metrics AS f ON f.name = p.name
    WHERE p.kind <> 'gauge'
),
stepped AS (
    SELECT
        points.*,
        LAG(time_unix_nano) OVER same AS earlier,
        LAG(total) OVER same AS total_before,
        LAG(pauses) OVER same AS pauses_before,
        LAG(longest) OVER same AS longest_before
    FROM points
    WHERE NOT REGEXP_MATCHES(series, $concurrent)
    WINDOW same AS (PARTITION BY service_name, host, name, series ORDER BY time_unix_nano)
),
added AS (
    SELECT
        service_name,
        host,
        name,
        COALESCE(earlier, start_time_unix_nano) AS begin_nano,
        time_unix_nano AS end_nano,
        CASE WHEN is_delta OR total < total_before THEN total ELSE total - total_before END AS paused_nano,
        CASE WHEN is_delta OR pauses < pauses_before THEN pauses ELSE pauses - pauses_before END AS pauses,
        CASE WHEN is_delta OR longest > longest_before THEN longest END AS longest_nano
    FROM stepped
    WHERE is_delta OR earlier IS NOT NULL
)
SELECT
    service_name,
    host,
    name,
    begin_nano,
    end_nano,
    paused_nano,
    COALESCE(pauses, 0) AS pauses,
    COALESCE(longest_nano, paused_nano / NULLIF(pauses, 0)) AS longest_nano
FROM added
WHERE paused_nano BETWEEN 1 AND 1e18 AND begin_nano < end_nano
ORDER BY service_name, host, end_nano;
