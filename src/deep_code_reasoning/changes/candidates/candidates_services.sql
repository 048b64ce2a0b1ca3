-- Every service that the evidence names.
SELECT DISTINCT service_name FROM resources WHERE service_name IS NOT NULL
UNION
SELECT DISTINCT service_name FROM deploys WHERE service_name IS NOT NULL
UNION
SELECT DISTINCT service_name FROM logs WHERE service_name IS NOT NULL
