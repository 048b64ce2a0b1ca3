-- Where the first attempts of one operation's retried calls failed: the earliest first error at or below each, counted
-- by the service to be asked. below: it failed deeper than the attempt itself.
WITH RECURSIVE
firsts AS (
    SELECT DISTINCT first.span_number, first.trace_number
    FROM retry_attempts AS retry
    JOIN retry_attempts AS first
        ON first.parent_number = retry.parent_number
        AND first.service_name IS NOT DISTINCT FROM retry.service_name
        AND first.operation = retry.operation
        AND first.kind = retry.kind
        AND first.server_address = retry.server_address
        AND first.start_time_unix_nano = retry.chain_start
        AND NOT first.is_retry
    JOIN trace_outcomes AS o ON o.trace_number = retry.trace_number
    WHERE retry.is_retry
        AND o.phase = 'incident'
        AND retry.service_name IS NOT DISTINCT FROM $service_name
        AND retry.operation = $operation
        AND retry.kind = $kind
        AND retry.server_address = $server_address
),
climb AS (
    SELECT e.span_number AS error_number, e.span_number AS at_number, e.trace_number
    FROM first_errors AS e
    WHERE e.trace_number IN (SELECT trace_number FROM firsts)
    UNION ALL
    SELECT c.error_number, t.parent_number AS at_number, c.trace_number
    FROM climb AS c
    JOIN topology AS t ON t.span_number = c.at_number
    WHERE t.parent_number IS NOT NULL AND c.at_number NOT IN (SELECT span_number FROM firsts)
),
placed AS (
    SELECT
        f.span_number,
        e.at_fault_service,
        e.operation,
        e.error_type,
        e.reach,
        e.peer,
        e.span_number <> f.span_number AS is_below,
        ROW_NUMBER() OVER (PARTITION BY f.span_number ORDER BY e.start_time_unix_nano, e.depth DESC) AS place
    FROM firsts AS f
    JOIN climb AS c ON c.at_number = f.span_number
    JOIN first_errors AS e ON e.span_number = c.error_number
)
SELECT
    at_fault_service,
    operation,
    error_type,
    reach,
    peer,
    COUNT(*) AS attempts,
    COUNT(*) FILTER (WHERE is_below) AS below
FROM placed
WHERE place = 1
GROUP BY at_fault_service, operation, error_type, reach, peer
ORDER BY attempts DESC, at_fault_service, operation
