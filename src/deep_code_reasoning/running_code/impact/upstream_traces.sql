-- Of the traces that each service is in, those in which one of the operations in question ran.
WITH concerned AS (
    SELECT DISTINCT trace_id
    FROM spans
    WHERE list_contains($keys, concat(service_name, chr(31), name))
)
SELECT
    s.service_name AS service,
    count(DISTINCT s.trace_id) AS traces,
    count(DISTINCT c.trace_id) AS concerned
FROM spans AS s
LEFT JOIN concerned AS c ON c.trace_id = s.trace_id
WHERE s.service_name IS NOT NULL
GROUP BY s.service_name
ORDER BY service
