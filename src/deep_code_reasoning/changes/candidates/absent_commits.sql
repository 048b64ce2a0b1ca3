-- Commits deployed between $since and $onset that no history has, full or abbreviated ids, the latest first.
SELECT
    d.service_name,
    d.sha,
    COUNT(*) AS deploys,
    MAX(d.time_unix_nano) AS latest
FROM deploys AS d
LEFT JOIN commits AS c
    ON
        SUBSTRING(c.sha, 1, 7) = SUBSTRING(LOWER(d.sha), 1, 7)
        AND SUBSTRING(c.sha, 1, LENGTH(d.sha)) = LOWER(d.sha)
WHERE
    c.sha IS NULL
    AND d.kind IN ('deployed', 'upgraded', 'rolledback', 'published')
    AND d.time_unix_nano BETWEEN $since AND $onset
    AND (SELECT COUNT(*) FROM commits) > 0
GROUP BY d.service_name, d.sha
HAVING d.sha IS NOT NULL
ORDER BY latest DESC, d.sha, d.service_name
