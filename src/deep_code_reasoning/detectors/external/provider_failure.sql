-- Calls from here to each host, by the client spans that name one: how many there were and failed in the two windows.
WITH calls AS (
    SELECT
        LOWER(COALESCE(server_address, REGEXP_EXTRACT(url_full, '^[a-z]+://([^/:?#]+)', 1))) AS peer,
        start_time_unix_nano AS at_nano,
        COALESCE(status_code = 'error' OR http_response_status_code >= 500, FALSE) AS failed
    FROM spans
    WHERE kind IN ('client', 'producer')
)
SELECT
    peer,
    COUNT(*) FILTER (WHERE at_nano >= $incident_start AND at_nano < $incident_end) AS calls_after,
    COUNT(*) FILTER (WHERE failed AND at_nano >= $incident_start AND at_nano < $incident_end) AS failed_after,
    COUNT(*) FILTER (WHERE at_nano >= $baseline_start AND at_nano < $baseline_end) AS calls_before,
    COUNT(*) FILTER (WHERE failed AND at_nano >= $baseline_start AND at_nano < $baseline_end) AS failed_before
FROM calls
WHERE peer IS NOT NULL AND peer <> ''
GROUP BY peer
ORDER BY peer
