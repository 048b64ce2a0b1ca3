-- The seconds in which a span began or a line was logged: the first and the last such moment of each, in order.
WITH moments AS (
    SELECT start_time_unix_nano AS time_unix_nano FROM spans
    UNION ALL
    SELECT time_unix_nano FROM logs WHERE time_unix_nano IS NOT NULL
)
SELECT MIN(time_unix_nano) AS first, MAX(time_unix_nano) AS last
FROM moments
GROUP BY CAST(FLOOR(time_unix_nano / 1000000000) AS BIGINT)
ORDER BY first
