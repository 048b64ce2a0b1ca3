-- Of the requests that a service's own metrics count, by metric and phase: how many have a server's span, all and those
-- that failed. Counted between the first and the last point of the phase. usual_nano is how long the requests with spans
-- would take by what the metric tells of each one's route, kept_nano +- kept_error_nano how long they took: routes may be
-- sampled differently and are not compared with each other.
WITH points AS (
    SELECT
        service_name,
        name,
        resource_number,
        CAST(attributes AS VARCHAR) AS series,
        time_unix_nano,
        start_time_unix_nano,
        COALESCE(count, value) AS total,
        CASE
            WHEN unit = 's' THEN sum * 1e9
            WHEN unit = 'ms' OR name LIKE '%milliseconds%' THEN sum * 1e6
            WHEN name LIKE '%seconds%' THEN sum * 1e9
        END AS total_nano,
        COALESCE(aggregation_temporality, 'cumulative') AS temporality
    FROM metrics
    WHERE REGEXP_MATCHES(name, $requests) AND kind IN ('sum', 'histogram', 'summary') AND service_name IS NOT NULL
        AND NOT CAST(attributes AS VARCHAR) LIKE '%SPAN_KIND_CLIENT%'
        AND NOT CAST(attributes AS VARCHAR) LIKE '%SPAN_KIND_INTERNAL%'
),
steps AS (
    SELECT
        points.*,
        CASE
            WHEN temporality = 'delta' THEN COALESCE(start_time_unix_nano, time_unix_nano)
            ELSE LAG(time_unix_nano) OVER in_order
        END AS since,
        CASE WHEN temporality = 'delta' THEN total ELSE total - LAG(total) OVER in_order END AS requests,
        CASE WHEN temporality = 'delta' THEN total_nano ELSE total_nano - LAG(total_nano) OVER in_order END AS nano
    FROM points
    WINDOW in_order AS (PARTITION BY service_name, name, resource_number, series ORDER BY time_unix_nano)
),
phased AS (
    SELECT
        steps.*,
        CASE
            WHEN CAST($incident_start AS BIGINT) IS NULL THEN 'incident'
            WHEN since >= $incident_start AND time_unix_nano <= $incident_end THEN 'incident'
            WHEN since >= $baseline_start AND time_unix_nano <= $baseline_end THEN 'baseline'
        END AS phase,
        REGEXP_MATCHES(
            series,
            '(?i)status(_|\.)?code[^}]{0,12}value[^}]{0,4}(5[0-9][0-9]|[A-Z_]*ERROR)|key[^}]{0,4}error\.type'
        ) AS is_error,
        REGEXP_EXTRACT(series, 'http\.route[^}]{0,12}value[^}/]{0,6}(/[^'',]*?)''?\}(?:,|\])', 1) AS route
    FROM steps
    WHERE requests >= 0 AND since IS NOT NULL
),
counted AS (
    SELECT
        service_name,
        name,
        phase,
        MIN(since) AS first,
        MAX(time_unix_nano) AS last,
        SUM(CASE WHEN is_error THEN requests ELSE 0 END) AS errors,
        SUM(CASE WHEN is_error THEN 0 ELSE requests END) AS others
    FROM phased
    WHERE phase IS NOT NULL
    GROUP BY service_name, name, phase
),
timed AS (
    SELECT service_name, name, phase, route, SUM(nano) / NULLIF(SUM(requests), 0) AS usual_nano
    FROM phased
    WHERE phase IS NOT NULL
    GROUP BY service_name, name, phase, route
)
SELECT
    c.service_name,
    c.phase,
    COUNT(*) FILTER (WHERE s.status_code = 'error' OR s.http_response_status_code >= 500) AS error_kept,
    CAST(c.errors AS BIGINT) AS errors,
    COUNT(*) FILTER (WHERE s.status_code <> 'error' AND COALESCE(s.http_response_status_code, 0) < 500) AS other_kept,
    CAST(c.others AS BIGINT) AS others,
    AVG(t.usual_nano) AS usual_nano,
    AVG(s.duration_nano) FILTER (WHERE t.usual_nano IS NOT NULL) AS kept_nano,
    STDDEV_SAMP(s.duration_nano) FILTER (WHERE t.usual_nano IS NOT NULL)
    / SQRT(COUNT(s.duration_nano) FILTER (WHERE t.usual_nano IS NOT NULL)) AS kept_error_nano
FROM counted AS c
LEFT JOIN spans AS s
    ON s.service_name = c.service_name
    AND s.kind = 'server'
    AND s.start_time_unix_nano + s.duration_nano BETWEEN c.first AND c.last
LEFT JOIN timed AS t
    ON t.service_name = c.service_name
    AND t.name = c.name
    AND t.phase = c.phase
    AND t.route IN ('', s.http_route)
GROUP BY c.service_name, c.name, c.phase, c.errors, c.others
ORDER BY c.service_name, c.phase, c.name;
