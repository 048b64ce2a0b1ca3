-- What the commits $shas changed: their files, and their patches one after the other, as much as anyone reads of them.
SELECT
    repository,
    sha,
    LIST(path ORDER BY path) AS paths,
    SUBSTRING(STRING_AGG(SUBSTRING(patch, 1, 8000), CHR(10) ORDER BY path), 1, 100000) AS patch
FROM commit_files
WHERE sha IN (SELECT UNNEST($shas))
GROUP BY repository, sha
