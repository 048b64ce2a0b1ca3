-- The names by which a signal tells what it is about: of metrics, of spans and of the keys of their attributes, of the
-- shapes of log lines; of metrics also whose they are (NULL: a machine's).
SELECT DISTINCT 'metrics' AS signal, LOWER(name) AS name, service_name AS of_service FROM metrics
UNION ALL
SELECT DISTINCT 'spans' AS signal, LOWER(name) AS name, NULL AS of_service FROM spans
UNION ALL
SELECT DISTINCT 'spans' AS signal, LOWER(rpc_service) AS name, NULL AS of_service FROM spans WHERE rpc_service IS NOT NULL
UNION ALL
SELECT DISTINCT 'spans' AS signal, LOWER(messaging_system) AS name, NULL AS of_service FROM spans WHERE messaging_system IS NOT NULL
UNION ALL
SELECT DISTINCT 'spans' AS signal, LOWER(k.pair.key) AS name, NULL AS of_service
FROM (SELECT UNNEST(attributes) AS pair FROM spans WHERE ARRAY_LENGTH(attributes) > 0) AS k
UNION ALL
SELECT DISTINCT 'logs' AS signal, LOWER(template) AS name, NULL AS of_service FROM log_templates
