-- Who serves the locks, busiest first. One row with NULLs where the lock service has no spans of its own, none where
-- no span names a lock.
SELECT server_service, server_host
FROM (
    SELECT server_service, server_host, COUNT(*) AS calls FROM lease_calls GROUP BY server_service, server_host
    UNION ALL
    SELECT NULL AS server_service, NULL AS server_host, 0 AS calls FROM lease_items HAVING COUNT(*) > 0
) AS servers
ORDER BY server_host IS NULL, calls DESC, server_host
LIMIT 1;
