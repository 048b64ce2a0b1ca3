-- When the last lease that each hold was granted ran out, by the lock service's clock (as in lease_overlap_renewals).
WITH said AS (
    SELECT key, trace_number, host, hold, MAX(ttl_nano) AS ttl
    FROM lease_items
    GROUP BY key, trace_number, host, hold
)
SELECT
    i.key,
    i.trace_number,
    i.host,
    i.hold,
    MAX(COALESCE(
        CAST(c.expires_nano AS BIGINT),
        COALESCE(c.server_end, c.client_end) + CAST(COALESCE(c.ttl_nano, h.ttl) AS BIGINT)
    )) AS expiry
FROM lease_calls AS c
JOIN lease_items AS i ON i.span_number = c.client_number
JOIN said AS h ON h.key = i.key AND h.trace_number = i.trace_number AND h.host = i.host AND h.hold = i.hold
WHERE c.granted AND c.operation IN ('acquire', 'renew')
GROUP BY i.key, i.trace_number, i.host, i.hold
HAVING expiry IS NOT NULL;
