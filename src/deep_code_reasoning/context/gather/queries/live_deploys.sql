-- What was put live, the latest first. What failed in the end is not, whatever was told before.
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
    AND deploy_id NOT IN (SELECT deploy_id FROM deploys WHERE kind = 'failed')
    AND (sha IS NOT NULL OR version IS NOT NULL)
ORDER BY time_unix_nano DESC, deploy_id DESC
LIMIT $most;
