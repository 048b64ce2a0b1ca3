-- Commits of a repository that are no other one's parent: what its branches pointed at when it was read.
SELECT c.sha
FROM commits AS c
LEFT JOIN (
    SELECT DISTINCT unnest(parents) AS sha
    FROM commits
    WHERE repository = $repository
) AS p ON p.sha = c.sha
WHERE c.repository = $repository AND p.sha IS NULL
ORDER BY c.time_unix_nano DESC, c.sha;
