-- What one operation calls: calls a request before and after by peer and operation called, those that grew first.
WITH requests AS (
    SELECT
        COUNT(*) FILTER (WHERE phase = 'incident') AS after,
        COUNT(*) FILTER (WHERE phase = 'baseline') AS before
    FROM fan_out_requests
    WHERE service_name IS NOT DISTINCT FROM $service_name AND operation = $operation
)
SELECT
    c.peer,
    c.called,
    COALESCE(SUM(c.calls) FILTER (WHERE r.phase = 'incident'), 0) * 1.0 / MAX(n.after) AS calls_after,
    COALESCE(SUM(c.calls) FILTER (WHERE r.phase = 'baseline'), 0) * 1.0 / MAX(n.before) AS calls_before
FROM fan_out_calls AS c
JOIN fan_out_requests AS r ON r.request_number = c.request_number
CROSS JOIN requests AS n
WHERE r.service_name IS NOT DISTINCT FROM $service_name AND r.operation = $operation
GROUP BY c.peer, c.called
ORDER BY calls_after - calls_before DESC, c.peer, c.called
LIMIT 3
