-- A row a renewal: when it reached the lock service and when the grant before it ran out, both by the lock service's
-- clock where it has spans of its own (else both by the client's). The grant's end is what the lock service said,
-- else the end of the span that granted it + the lease's time to live, which is no earlier than the truth.
WITH said AS (
    SELECT key, trace_number, host, hold, MAX(ttl_nano) AS ttl, MAX(margin_nano) AS margin
    FROM lease_items
    GROUP BY key, trace_number, host, hold
),
calls AS (
    SELECT
        c.*,
        i.hold,
        COALESCE(c.server_start, c.client_start) AS arrival,
        h.ttl,
        h.margin
    FROM lease_calls AS c
    JOIN lease_items AS i ON i.span_number = c.client_number
    JOIN said AS h
        ON h.key = i.key AND h.trace_number = i.trace_number AND h.host = i.host AND h.hold = i.hold
),
granted AS (
    SELECT
        calls.*,
        MAX(CASE
            WHEN granted AND operation IN ('acquire', 'renew')
                THEN COALESCE(CAST(expires_nano AS BIGINT), COALESCE(server_end, client_end) + CAST(ttl AS BIGINT))
        END) OVER earlier AS expiry,
        MAX(CASE WHEN granted AND operation IN ('acquire', 'renew') THEN client_end END) OVER earlier AS told
    FROM calls
    WINDOW earlier AS (
        PARTITION BY key, trace_number, client_host, hold
        ORDER BY client_start, client_number
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
)
SELECT
    g.key, g.trace_number, g.client_host AS host, g.hold, g.client_service, g.server_service, g.server_host, g.arrival,
    g.expiry, g.told, g.ttl, g.margin, g.client_start, g.server_start, g.granted,
    g.client_number, s.trace_id, s.span_id, v.span_id AS server_span_id, s.name, s.code_file_path, s.code_line_number,
    s.code_function_name
FROM granted AS g
JOIN spans AS s ON s.span_number = g.client_number
LEFT JOIN spans AS v ON v.span_number = g.server_number
WHERE g.operation = 'renew' AND g.expiry IS NOT NULL
ORDER BY g.key, g.client_start, g.client_number;
