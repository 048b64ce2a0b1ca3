-- Every commit of the evidence without what it changed: what ancestry, tags and dates need.
SELECT
    repository,
    sha,
    time_unix_nano,
    parents,
    message,
    service_name,
    repository_url,
    tags
FROM commits
ORDER BY repository, time_unix_nano DESC, sha
