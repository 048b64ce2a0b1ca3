-- Retries of one operation that multiply with those of its callers: how many tiers on the way up repeat their calls, and
-- how many of its calls there are for each one that the uppermost of them wanted.
WITH RECURSIVE
chained AS (
    SELECT
        retry_attempts.*,
        COUNT(*) OVER (
            PARTITION BY parent_number, service_name, operation, kind, server_address, chain_start
        ) > 1 AS is_repeated
    FROM retry_attempts
),
climb AS (
    SELECT a.span_number AS call_number, a.parent_number AS at_number, a.span_number AS top_number, 1 AS tiers
    FROM chained AS a
    JOIN trace_outcomes AS o ON o.trace_number = a.trace_number
    WHERE o.phase = 'incident'
        AND a.service_name IS NOT DISTINCT FROM $service_name
        AND a.operation = $operation
        AND a.kind = $kind
        AND a.server_address = $server_address
    UNION ALL
    SELECT
        c.call_number,
        t.parent_number AS at_number,
        COALESCE(r.span_number, c.top_number) AS top_number,
        c.tiers + CASE WHEN r.span_number IS NULL THEN 0 ELSE 1 END AS tiers
    FROM climb AS c
    JOIN topology AS t ON t.span_number = c.at_number
    LEFT JOIN chained AS r ON r.span_number = c.at_number AND r.is_repeated
),
tops AS (
    SELECT call_number, ARG_MAX(top_number, tiers) AS top_number, MAX(tiers) AS tiers
    FROM climb
    GROUP BY call_number
),
wanted AS (
    SELECT DISTINCT r.parent_number, r.operation, r.server_address, r.chain_start
    FROM tops AS t
    JOIN chained AS r ON r.span_number = t.top_number
)
SELECT
    (SELECT COUNT(*) FROM tops) * 1.0 / NULLIF((SELECT COUNT(*) FROM wanted), 0) AS calls_per_wanted,
    (SELECT MAX(tiers) FROM tops) AS tiers
