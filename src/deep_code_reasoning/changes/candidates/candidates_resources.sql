-- What services say of the code they run: one row a service, version, environment and revision.
SELECT
    service_name,
    service_version,
    deployment_environment_name,
    vcs_repository_url_full,
    vcs_ref_head_revision,
    ARG_MIN(attributes, resource_number) AS attributes
FROM resources
WHERE service_name IS NOT NULL
GROUP BY service_name, service_version, deployment_environment_name, vcs_repository_url_full, vcs_ref_head_revision
ORDER BY service_name, service_version, deployment_environment_name, vcs_repository_url_full, vcs_ref_head_revision
