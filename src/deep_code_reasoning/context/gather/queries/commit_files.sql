SELECT path, old_path, status, insertions, deletions, patch
FROM commit_files
WHERE sha = $sha AND repository = $repository
ORDER BY path
LIMIT $most;
