-- Every service, host and operation by its name, and the hosts on which a service was seen.
SELECT 'service' AS kind, service_name AS name, host AS of_name, COUNT(*) AS amount
FROM resources
WHERE service_name IS NOT NULL
GROUP BY service_name, host
UNION ALL
SELECT 'service' AS kind, service_name AS name, host AS of_name, COUNT(*) AS amount
FROM spans
WHERE service_name IS NOT NULL
GROUP BY service_name, host
UNION ALL
SELECT 'service' AS kind, service_name AS name, NULL AS of_name, COUNT(*) AS amount
FROM deploys
WHERE service_name IS NOT NULL
GROUP BY service_name
UNION ALL
SELECT 'service' AS kind, service_name AS name, COALESCE(host_name, k8s_node_name) AS of_name, COUNT(*) AS amount
FROM resources
WHERE service_name IS NOT NULL AND COALESCE(host_name, k8s_node_name) IS NOT NULL
GROUP BY service_name, COALESCE(host_name, k8s_node_name)
UNION ALL
SELECT 'host' AS kind, COALESCE(host_name, k8s_node_name, host) AS name, NULL AS of_name, COUNT(*) AS amount
FROM resources
WHERE COALESCE(host_name, k8s_node_name, host) IS NOT NULL
GROUP BY COALESCE(host_name, k8s_node_name, host)
UNION ALL
SELECT kind, name, of_name, amount
FROM (
    SELECT 'operation' AS kind, name, MIN(service_name) AS of_name, COUNT(*) AS amount
    FROM spans
    GROUP BY name
    ORDER BY COUNT(*) DESC, name
    LIMIT 5000
) AS operations
