-- Every commit of the evidence, the newest first. deployed_at, deployed_as: the first deploy of the commit itself up to
-- $onset; NULL when no deploy names it. is_later: committed after $onset, so certainly innocent; such commits only tell
-- how common a feature is.
WITH live AS (
    SELECT sha, ARG_MIN(service_name, time_unix_nano) AS service_name, MIN(time_unix_nano) AS time_unix_nano
    FROM deploys
    WHERE kind IN ('deployed', 'upgraded', 'rolledback', 'published') AND time_unix_nano <= $onset AND sha IS NOT NULL
    GROUP BY sha
),
files AS (
    SELECT
        repository,
        sha,
        LIST(path) AS paths,
        STRING_AGG(SUBSTRING(patch, 1, 8000), CHR(10)) AS patch
    FROM commit_files
    GROUP BY repository, sha
)
SELECT
    c.sha,
    c.repository,
    COALESCE(c.service_name, d.service_name) AS service_name,
    c.time_unix_nano,
    c.time_unix_nano > $onset AS is_later,
    c.message,
    d.time_unix_nano AS deployed_at,
    f.paths,
    f.patch
FROM commits AS c
LEFT JOIN live AS d ON d.sha = c.sha OR (LENGTH(d.sha) < LENGTH(c.sha) AND c.sha LIKE d.sha || '%')
LEFT JOIN files AS f ON f.repository = c.repository AND f.sha = c.sha
ORDER BY is_later, COALESCE(d.time_unix_nano, c.time_unix_nano) DESC, c.sha
LIMIT $most
