-- The first lines of one service in the incident.
SELECT ref, text
FROM report_lines
WHERE phase = 'incident' AND service_name IS NOT DISTINCT FROM $service_name
ORDER BY time_unix_nano, ref
LIMIT 3
