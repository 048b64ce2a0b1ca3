-- Two versions of a service that served side by side, a row a pair, kind of request, quarter of the time that both served,
-- and version. Kinds and quarters are strata: what a version was asked and when is then no part of the comparison.
--   new_version, old_version    old_version: of those it served beside, the one that began last
--   from_nano, to_nano          from the first request of the new version to the last of either
--   traces, failed              in which the version served such a request, and of these those that failed
--   log_mean, log_variance, timed   of ln(duration in ns), of `timed` traces that did not fail
WITH entered AS (
    SELECT
        t.trace_number,
        v.service_name,
        v.version,
        s.name AS operation,
        s.start_time_unix_nano,
        s.duration_nano,
        COALESCE(s.status_code = 'error' OR s.http_response_status_code >= 500, FALSE) AS failed
    FROM spans AS s
    JOIN service_versions AS v ON v.resource_number = s.resource_number
    JOIN topology AS t ON t.span_number = s.span_number
    LEFT JOIN spans AS caller ON caller.span_number = t.parent_number
    WHERE s.kind IN ('server', 'consumer') OR caller.service_name IS DISTINCT FROM s.service_name
),
lives AS (
    SELECT
        service_name,
        version,
        MIN(start_time_unix_nano) AS first_nano,
        MAX(start_time_unix_nano) AS last_nano
    FROM entered
    GROUP BY service_name, version
),
beside AS (
    SELECT
        n.service_name,
        n.version AS new_version,
        o.version AS old_version,
        n.first_nano AS from_nano,
        LEAST(n.last_nano, o.last_nano) AS to_nano,
        ROW_NUMBER() OVER (
            PARTITION BY n.service_name, n.version
            ORDER BY o.first_nano DESC, o.version
        ) AS place
    FROM lives AS n
    JOIN lives AS o
        ON o.service_name = n.service_name AND o.first_nano < n.first_nano AND o.last_nano > n.first_nano
),
placed AS (
    SELECT
        b.service_name,
        b.new_version,
        b.old_version,
        b.from_nano,
        b.to_nano,
        e.operation,
        CAST(FLOOR(4.0 * (e.start_time_unix_nano - b.from_nano) / (b.to_nano - b.from_nano + 1)) AS INTEGER) AS quarter,
        e.version = b.new_version AS is_new,
        e.trace_number,
        e.failed,
        e.duration_nano
    FROM beside AS b
    JOIN entered AS e
        ON e.service_name = b.service_name
        AND e.version IN (b.new_version, b.old_version)
        AND e.start_time_unix_nano BETWEEN b.from_nano AND b.to_nano
    WHERE b.place = 1
),
samples AS (
    SELECT
        service_name,
        new_version,
        old_version,
        from_nano,
        to_nano,
        operation,
        quarter,
        is_new,
        BOOL_OR(failed) AS failed,
        LN(GREATEST(AVG(duration_nano), 1000)) AS log_duration
    FROM placed
    GROUP BY service_name, new_version, old_version, from_nano, to_nano, operation, quarter, is_new, trace_number
)
SELECT
    service_name,
    new_version,
    old_version,
    from_nano,
    to_nano,
    operation,
    quarter,
    is_new,
    COUNT(*) AS traces,
    COUNT(*) FILTER (WHERE failed) AS failed,
    COUNT(*) FILTER (WHERE NOT failed) AS timed,
    AVG(log_duration) FILTER (WHERE NOT failed) AS log_mean,
    VAR_SAMP(log_duration) FILTER (WHERE NOT failed) AS log_variance
FROM samples
GROUP BY service_name, new_version, old_version, from_nano, to_nano, operation, quarter, is_new
ORDER BY service_name, from_nano, new_version, operation, quarter, is_new
