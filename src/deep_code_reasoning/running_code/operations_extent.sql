-- How long was recorded, and how many traces.
SELECT
    (max(start_time_unix_nano) - min(start_time_unix_nano)) / 1e9 AS seconds,
    count(DISTINCT trace_id) AS traces
FROM spans
