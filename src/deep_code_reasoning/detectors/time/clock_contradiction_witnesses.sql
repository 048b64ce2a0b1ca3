-- The two calls of a pair of hosts that bound the difference of their clocks most tightly from above and from below.
WITH ranked AS (
    SELECT
        c.*,
        ROW_NUMBER() OVER (ORDER BY c.lower_nano DESC NULLS LAST, c.client_number) AS lower_rank,
        ROW_NUMBER() OVER (ORDER BY c.upper_nano, c.client_number) AS upper_rank
    FROM clock_samples AS c
    WHERE c.client_host = $client_host AND c.server_host = $server_host
)
SELECT client.trace_id, client.span_id AS client_span, server.span_id AS server_span, r.lower_nano, r.upper_nano
FROM ranked AS r
JOIN spans AS client ON client.span_number = r.client_number
JOIN spans AS server ON server.span_number = r.server_number
WHERE r.lower_rank = 1 OR r.upper_rank = 1
ORDER BY r.lower_rank, client.trace_id, client.span_id;
