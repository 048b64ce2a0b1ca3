-- Since when each version of the services $services was seen running, up to the onset.
SELECT
    r.service_name,
    r.deployment_environment_name AS environment,
    r.service_version AS version,
    r.vcs_ref_head_revision AS sha,
    r.vcs_repository_url_full AS repository,
    MIN(s.start_time_unix_nano) AS time_unix_nano
FROM spans AS s
JOIN resources AS r ON r.resource_number = s.resource_number
WHERE r.service_name IN (SELECT UNNEST($services)) AND s.start_time_unix_nano <= $onset
GROUP BY
    r.service_name, r.deployment_environment_name, r.service_version, r.vcs_ref_head_revision, r.vcs_repository_url_full
ORDER BY time_unix_nano, r.service_name
