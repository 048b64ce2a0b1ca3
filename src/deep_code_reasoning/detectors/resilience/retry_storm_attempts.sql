-- Which calls are retries: the call before it, below the same span, of the same operation, had failed and ended.
-- retry_attempts: every call of a caller's operation that was retried anywhere, with is_retry and has_failed;
-- chain: the number of the first attempt of the chain that the call belongs to.
CREATE OR REPLACE TEMPORARY TABLE retry_attempts AS
WITH retried_below AS (
    SELECT DISTINCT parent_number
    FROM failed_spans
    WHERE parent_number IS NOT NULL AND kind IN ('client', 'server')
),
siblings AS (
    SELECT
        s.span_number,
        s.service_name,
        s.name AS operation,
        s.kind,
        t.parent_number,
        t.trace_number,
        t.start_time_unix_nano,
        t.end_time_unix_nano,
        COALESCE(s.server_address, '') AS server_address,
        f.span_number IS NOT NULL AS has_failed
    FROM retried_below AS b
    JOIN topology AS t ON t.parent_number = b.parent_number
    JOIN spans AS s ON s.span_number = t.span_number
    LEFT JOIN failed_spans AS f ON f.span_number = s.span_number
    WHERE s.kind IN ('client', 'server')
),
ordered AS (
    SELECT
        siblings.*,
        COALESCE(
            LAG(has_failed) OVER in_order
            AND start_time_unix_nano >= LAG(end_time_unix_nano) OVER in_order,
            FALSE
        ) AS is_retry
    FROM siblings
    WINDOW in_order AS (
        PARTITION BY parent_number, service_name, operation, kind, server_address
        ORDER BY start_time_unix_nano, span_number
    )
)
SELECT
    ordered.*,
    MAX(CASE WHEN NOT is_retry THEN start_time_unix_nano END) OVER (
        PARTITION BY parent_number, service_name, operation, kind, server_address
        ORDER BY start_time_unix_nano, span_number
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS chain_start
FROM ordered;
