-- What was put live when and as which service, up to the onset. What failed in the end is not, whatever was told before.
SELECT
    time_unix_nano,
    service_name,
    environment,
    version,
    artifact,
    sha,
    repository,
    previous_sha
FROM deploys
WHERE
    kind IN ('deployed', 'upgraded', 'rolledback', 'published')
    AND time_unix_nano <= $onset
    AND deploy_id NOT IN (SELECT deploy_id FROM deploys WHERE kind = 'failed')
ORDER BY time_unix_nano, deploy_id
