-- The newest $most_of_one commits of every repository without what they changed: what ancestry, tags and dates need.
WITH numbered AS (
    SELECT
        repository,
        sha,
        time_unix_nano,
        parents,
        message,
        service_name,
        repository_url,
        tags,
        tags IS NOT NULL AND source_offset = 0 AS is_head,  -- of a repository itself, which alone tells tags
        ROW_NUMBER() OVER (PARTITION BY repository ORDER BY time_unix_nano DESC, sha) AS place
    FROM commits
)
SELECT repository, sha, time_unix_nano, parents, message, service_name, repository_url, tags, is_head
FROM numbered
WHERE place <= $most_of_one
ORDER BY repository, time_unix_nano DESC, sha
