-- The files that some commits touched.
SELECT repository, sha, path, old_path, status, patch
FROM commit_files
WHERE sha IN (SELECT UNNEST($shas))
ORDER BY repository, sha, source_offset, path
