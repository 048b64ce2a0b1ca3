-- What every call between two hosts says of their clocks. With the client span from t1 to t4 by the caller's clock
-- and the server span it caused from t2 to t3 by the callee's, and theta = callee's clock - caller's clock:
-- the server began after the client did, so theta <= t2 - t1; it ended before the client did, so theta >= t3 - t4.
-- Left out: producer and consumer spans and links (nobody waits), and calls whose server outlived the client's
-- span (the client gave up or the answer streamed): they contradict themselves; calls of messaging systems, whatever
-- kind their spans bear. Where the client reports an error
-- it may have given up early, so only its start counts (lower is NULL).
CREATE OR REPLACE TEMPORARY TABLE clock_samples AS
SELECT
    client.host AS client_host,
    server.host AS server_host,
    client.start_time_unix_nano AS time_unix_nano,
    CASE
        WHEN client.status_code = 'error' THEN NULL
        ELSE server.start_time_unix_nano + server.duration_nano
            - client.start_time_unix_nano - client.duration_nano
    END AS lower_nano,
    server.start_time_unix_nano - client.start_time_unix_nano AS upper_nano,
    client.span_number AS client_number,
    server.span_number AS server_number
FROM topology AS edge
JOIN spans AS server ON server.span_number = edge.span_number
JOIN spans AS client ON client.span_number = edge.parent_number
WHERE edge.trace_number % $stride = 0
    AND server.kind = 'server'
    AND client.kind = 'client'
    AND client.messaging_system IS NULL
    AND server.messaging_system IS NULL
    AND client.host <> server.host
    AND server.duration_nano <= client.duration_nano
    AND client.duration_nano > 0;


-- How coarsely the clocks of a pair write their times: 1 ns, or whole microseconds, milliseconds, seconds. Times that
-- were cut off bound theta only so well.
CREATE OR REPLACE TEMPORARY TABLE clock_resolutions AS
SELECT
    client_host,
    server_host,
    CASE
        WHEN MAX(time_unix_nano % 1000000000 + ABS(upper_nano) % 1000000000 + ABS(COALESCE(lower_nano, 0)) % 1000000000) = 0
            THEN 1000000000
        WHEN MAX(time_unix_nano % 1000000 + ABS(upper_nano) % 1000000 + ABS(COALESCE(lower_nano, 0)) % 1000000) = 0
            THEN 1000000
        WHEN MAX(time_unix_nano % 1000 + ABS(upper_nano) % 1000 + ABS(COALESCE(lower_nano, 0)) % 1000) = 0 THEN 1000
        ELSE 1
    END AS resolution_nano
FROM clock_samples
GROUP BY client_host, server_host;
