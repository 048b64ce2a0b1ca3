-- The measures of what is loaded: services, first and last instant of the telemetry, files, and the bytes of trace files.
WITH telemetry AS (
    SELECT service_name, start_time_unix_nano AS first_nano, start_time_unix_nano + duration_nano AS last_nano FROM spans
    UNION ALL
    SELECT service_name, time_unix_nano, time_unix_nano FROM logs
    UNION ALL
    SELECT service_name, time_unix_nano, time_unix_nano FROM metrics
)
SELECT
    (SELECT list(DISTINCT service_name) FROM telemetry WHERE service_name IS NOT NULL) AS services,
    (SELECT min(first_nano) FROM telemetry WHERE first_nano >= $earliest) AS first_nano,
    (SELECT max(last_nano) FROM telemetry WHERE first_nano >= $earliest) AS last_nano,
    (SELECT list(path) FROM sources WHERE reader NOT IN ('zip', 'tar')) AS paths,  -- an archive counts by its members
    (SELECT coalesce(sum(bytes), 0) FROM sources WHERE source IN (SELECT DISTINCT source FROM spans)) AS trace_bytes
