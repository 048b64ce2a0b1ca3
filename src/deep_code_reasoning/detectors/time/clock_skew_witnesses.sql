-- The calls that bound a host's clock most tightly against its peers: highest lower and lowest upper bound each.
WITH ranked AS (
    SELECT
        c.client_host,
        c.server_host,
        client.trace_id,
        client.span_id AS client_span,
        server.span_id AS server_span,
        c.lower_nano,
        c.upper_nano,
        ROW_NUMBER() OVER (
            PARTITION BY c.client_host, c.server_host ORDER BY c.lower_nano DESC NULLS LAST, c.client_number
        ) AS lower_rank,
        ROW_NUMBER() OVER (
            PARTITION BY c.client_host, c.server_host ORDER BY c.upper_nano, c.client_number
        ) AS upper_rank
    FROM clock_samples AS c
    JOIN host_clock_pairs AS p
        ON p.client_host = c.client_host AND p.server_host = c.server_host
        AND c.upper_nano >= p.lower_nano AND COALESCE(c.lower_nano, p.lower_nano) <= p.upper_nano
    JOIN spans AS client ON client.span_number = c.client_number
    JOIN spans AS server ON server.span_number = c.server_number
    WHERE c.client_host = $host OR c.server_host = $host
)
SELECT client_host, server_host, trace_id, client_span, server_span, lower_nano, upper_nano
FROM ranked
WHERE lower_rank = 1 OR upper_rank = 1
ORDER BY upper_nano - lower_nano, trace_id, client_span
LIMIT 4;
