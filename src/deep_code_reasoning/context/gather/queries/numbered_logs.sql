-- The records themselves and what the same service wrote just before and after, in reading order of the same source.
SELECT l.*
FROM logs AS l
WHERE EXISTS (
    SELECT 1
    FROM logs AS p
    WHERE p.log_number IN (SELECT unnest(CAST($numbers AS BIGINT[])))
        AND l.log_number BETWEEN p.log_number - $around AND p.log_number + $around
        AND l.service_name IS NOT DISTINCT FROM p.service_name
        AND l.source = p.source
)
ORDER BY l.log_number
LIMIT $most;
