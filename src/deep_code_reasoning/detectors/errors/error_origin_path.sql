-- The services above one origin that failed too, deepest first: they only pass the error on.
SELECT f.service_name
FROM error_origins AS o
JOIN failed_spans AS f ON f.trace_number = o.trace_number AND f.depth < o.depth
WHERE o.phase = 'incident'
    AND o.at_fault_service IS NOT DISTINCT FROM $at_fault_service
    AND o.operation = $operation
    AND o.peer IS NOT DISTINCT FROM $peer
    AND o.error_type = $error_type
    AND o.reach = $reach
    AND f.service_name IS DISTINCT FROM o.at_fault_service
GROUP BY f.service_name
ORDER BY AVG(f.depth) DESC, f.service_name
