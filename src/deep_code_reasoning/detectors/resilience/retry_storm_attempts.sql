-- Which calls are retries: the call before it, below the same span, of the same operation, had failed and ended, or
-- the client itself counts it as sent again (http.request.resend_count) and not for a redirect or for credentials.
-- retry_attempts: every call of a caller's operation that was retried anywhere, with is_retry and has_failed (its span
-- says so, or that it was sent again does); chain_start: when the first attempt of the call's chain began.
CREATE OR REPLACE TEMPORARY TABLE retry_attempts AS
WITH resent AS (
    SELECT DISTINCT span_number
    FROM (
        SELECT span_number, UNNEST(attributes) AS pair
        FROM spans
        WHERE kind = 'client' AND http_request_method IS NOT NULL AND ARRAY_LENGTH(attributes) > 0
    ) AS flat
    WHERE pair.key = 'http.request.resend_count' AND TRY_CAST(pair.value AS BIGINT) > 0
),
retried_below AS (
    SELECT parent_number
    FROM failed_spans
    WHERE parent_number IS NOT NULL AND kind IN ('client', 'server')
    UNION
    SELECT t.parent_number
    FROM resent AS r
    JOIN topology AS t ON t.span_number = r.span_number
    WHERE t.parent_number IS NOT NULL
),
siblings AS (
    SELECT
        s.span_number,
        s.service_name,
        s.name AS operation,
        s.kind,
        s.http_response_status_code,
        t.parent_number,
        t.trace_number,
        t.start_time_unix_nano,
        t.end_time_unix_nano,
        COALESCE(s.server_address, '') AS server_address,
        f.span_number IS NOT NULL AS is_told_failed,
        r.span_number IS NOT NULL AS is_resent
    FROM retried_below AS b
    JOIN topology AS t ON t.parent_number = b.parent_number
    JOIN spans AS s ON s.span_number = t.span_number
    LEFT JOIN failed_spans AS f ON f.span_number = s.span_number
    LEFT JOIN resent AS r ON r.span_number = s.span_number
    WHERE s.kind IN ('client', 'server')
),
ordered AS (
    SELECT
        siblings.*,
        LAG(span_number) OVER in_order IS NOT NULL
        AND CASE
            WHEN is_resent THEN NOT COALESCE(
                LAG(http_response_status_code) OVER in_order BETWEEN 300 AND 399
                OR LAG(http_response_status_code) OVER in_order IN (401, 407),
                FALSE
            )
            ELSE LAG(is_told_failed) OVER in_order
                AND start_time_unix_nano >= LAG(end_time_unix_nano) OVER in_order
        END AS is_retry
    FROM siblings
    WINDOW in_order AS (
        PARTITION BY parent_number, service_name, operation, kind, server_address
        ORDER BY start_time_unix_nano, span_number
    )
)
SELECT
    ordered.*,
    is_told_failed OR COALESCE(LEAD(is_retry) OVER in_order, FALSE) AS has_failed,
    MAX(CASE WHEN NOT is_retry THEN start_time_unix_nano END) OVER (
        PARTITION BY parent_number, service_name, operation, kind, server_address
        ORDER BY start_time_unix_nano, span_number
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS chain_start
FROM ordered
WINDOW in_order AS (
    PARTITION BY parent_number, service_name, operation, kind, server_address
    ORDER BY start_time_unix_nano, span_number
);
