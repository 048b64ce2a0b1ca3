SELECT
    coalesce(s.service_name, l.service_name) AS service_name,
    coalesce(s.spans, 0) AS spans,
    coalesce(s.errors, 0) AS errors,
    coalesce(l.records, 0) AS records
FROM (
    SELECT service_name, count(*) AS spans, sum(CASE WHEN status_code = 'error' THEN 1 ELSE 0 END) AS errors
    FROM spans
    GROUP BY service_name
) AS s
FULL OUTER JOIN (SELECT service_name, count(*) AS records FROM logs GROUP BY service_name) AS l
    ON s.service_name = l.service_name
ORDER BY spans DESC, records DESC, service_name;
