-- Which commit was put live when and as which service, up to the onset.
SELECT service_name, sha, time_unix_nano
FROM deploys
WHERE kind IN ('deployed', 'upgraded', 'rolledback', 'published') AND time_unix_nano <= $onset AND sha IS NOT NULL
ORDER BY time_unix_nano, deploy_id
