SELECT sha, repository, author_name, time_unix_nano, message
FROM commits
WHERE starts_with(sha, $sha)
ORDER BY time_unix_nano DESC, repository
LIMIT 1;
