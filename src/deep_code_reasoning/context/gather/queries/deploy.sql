SELECT *
FROM deploys
WHERE deploy_id = $deploy_id
ORDER BY time_unix_nano;
