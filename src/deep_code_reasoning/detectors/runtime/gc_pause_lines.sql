-- gc_lines: log lines that may speak of a pause. Where a line does not say on which host, the file's path may hold the
-- name of a pod or an instance of which that is known.
CREATE OR REPLACE TEMPORARY TABLE gc_lines AS
WITH matched AS (
    SELECT log_number, body, time_unix_nano, service_name, host, source
    FROM logs
    WHERE time_unix_nano IS NOT NULL AND REGEXP_MATCHES(body, $any)
),
named AS (
    SELECT f.source, MIN(r.service_name) AS service_name, MIN(r.host) AS host
    FROM sources AS f
    JOIN resources AS r
        ON CONTAINS(f.path, r.k8s_pod_name) OR CONTAINS(f.path, r.service_instance_id)
    WHERE r.service_name IS NOT NULL AND r.host IS NOT NULL
    GROUP BY f.source
    HAVING COUNT(DISTINCT r.service_name) = 1 AND COUNT(DISTINCT r.host) = 1
)
SELECT
    m.log_number,
    m.body,
    m.time_unix_nano,
    COALESCE(n.service_name, m.service_name) AS service_name,
    COALESCE(m.host, n.host) AS host
FROM matched AS m
LEFT JOIN named AS n ON n.source = m.source AND m.host IS NULL;
