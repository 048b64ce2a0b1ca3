-- Which commit each package or image was made of.
SELECT DISTINCT service_name, version, artifact, sha, repository
FROM deploys
WHERE kind = 'packaged' AND sha IS NOT NULL
ORDER BY artifact, version, service_name, sha, repository
