-- Commits that were in production when the incident began, and deploys of commits that the evidence does not hold.
-- deployed_at: the last deploy of the commit, or of a later version of its service, before $onset; NULL when no deploy
-- says when the commit went live (its own time then has to do).
WITH live AS (
    SELECT deploy_id, sha, service_name, time_unix_nano
    FROM deploys
    WHERE kind IN ('deployed', 'upgraded', 'rolledback', 'published') AND time_unix_nano <= $onset
)
SELECT
    c.sha,
    c.repository,
    COALESCE(c.service_name, d.service_name) AS service_name,
    c.time_unix_nano,
    c.message,
    d.time_unix_nano AS deployed_at,
    (SELECT LIST(f.path) FROM commit_files AS f WHERE f.sha = c.sha AND f.repository = c.repository) AS paths,
    (
        SELECT STRING_AGG(SUBSTRING(f.patch, 1, 4000), ' ')
        FROM commit_files AS f
        WHERE f.sha = c.sha AND f.repository = c.repository AND f.patch IS NOT NULL
    ) AS patch
FROM commits AS c
LEFT JOIN (
    SELECT sha, ARG_MAX(service_name, time_unix_nano) AS service_name, MAX(time_unix_nano) AS time_unix_nano
    FROM live
    WHERE sha IS NOT NULL
    GROUP BY sha
) AS d ON d.sha = c.sha
WHERE c.time_unix_nano <= $onset
ORDER BY COALESCE(d.time_unix_nano, c.time_unix_nano) DESC, c.sha
LIMIT $most
