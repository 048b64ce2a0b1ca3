-- What commits changed in files that name versions of dependencies, in pointers of submodules, and in files that may
-- give a service its name.
SELECT
    repository,
    sha,
    path,
    SUBSTRING(patch, 1, 65536) AS patch,
    REGEXP_MATCHES(path, $dependencies) AS names_dependencies
FROM commit_files
WHERE patch IS NOT NULL
    AND (
        REGEXP_MATCHES(path, $dependencies)
        OR (LENGTH(patch) < 300 AND patch LIKE '%Subproject commit %')
        OR (REGEXP_MATCHES(path, $declarations) AND REGEXP_MATCHES(patch, $service_name))
    )
ORDER BY repository, source_offset, path
