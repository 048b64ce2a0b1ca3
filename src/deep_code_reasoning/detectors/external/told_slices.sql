-- Slices of time ($slice nanoseconds) in which the services hit failed: with the signature and at all, in the incident;
-- and in the baseline those with the signature, and all in which these services wrote anything.
WITH told AS (
    SELECT
        service_name,
        time_unix_nano // $slice AS slice,
        time_unix_nano >= $incident_start AND time_unix_nano < $incident_end AS in_incident,
        time_unix_nano >= $baseline_start AND time_unix_nano < $baseline_end AS in_baseline,
        REGEXP_MATCHES(text, $pattern) AND NOT REGEXP_MATCHES(text, $without) AND CONTAINS(text, $containing) AS matches
    FROM failures_told
),
hit AS (
    SELECT DISTINCT service_name FROM told WHERE matches AND in_incident
),
record AS (
    SELECT service_name, time_unix_nano AS at_nano FROM logs
    UNION ALL
    SELECT service_name, start_time_unix_nano FROM spans
)
SELECT
    COUNT(DISTINCT slice) FILTER (WHERE matches AND in_incident),
    COUNT(DISTINCT slice) FILTER (WHERE in_incident),
    COUNT(DISTINCT slice) FILTER (WHERE matches AND in_baseline),
    COUNT(*) FILTER (WHERE matches AND in_incident),
    (
        SELECT COUNT(DISTINCT r.at_nano // $slice)
        FROM record AS r
        WHERE r.at_nano >= $baseline_start AND r.at_nano < $baseline_end
            AND EXISTS (SELECT 1 FROM hit AS h WHERE h.service_name IS NOT DISTINCT FROM r.service_name)
    )
FROM told
WHERE EXISTS (SELECT 1 FROM hit AS h WHERE h.service_name IS NOT DISTINCT FROM told.service_name)
