-- A row a queue, service and operation to which messages came again in the incident.
SELECT
    r.queue,
    r.service_name,
    r.name,
    MIN(r.producer_service) AS producer_service,
    COUNT(*) FILTER (WHERE r.phase = 'incident') AS after,
    COUNT(*) FILTER (WHERE r.phase = 'incident' AND r.is_again) AS after_with,
    COUNT(*) FILTER (WHERE r.phase = 'baseline') AS before,
    COUNT(*) FILTER (WHERE r.phase = 'baseline' AND r.is_again) AS before_with,
    COUNT(*) FILTER (WHERE r.phase = 'incident' AND r.is_again AND r.failed_first) AS failed_first,
    COUNT(*) FILTER (WHERE r.phase = 'incident' AND r.is_again AND r.is_running) AS still_running,
    MAX(r.deliveries) FILTER (WHERE r.phase = 'incident') AS most,
    SUM(r.deliveries) FILTER (WHERE r.phase = 'incident') AS deliveries,
    MEDIAN(r.after_nano) FILTER (WHERE r.phase = 'incident' AND r.is_again) AS after_nano,
    MIN(r.first_nano) FILTER (WHERE r.phase = 'incident' AND r.is_again) AS first_nano,
    MAX(r.last_nano) FILTER (WHERE r.phase = 'incident' AND r.is_again) AS last_nano,
    MAX(CASE WHEN r.identity NOT LIKE 'span %' THEN 1 ELSE 0 END) = 1 AS has_ids,
    COUNT(DISTINCT CASE WHEN r.is_again AND o.symptomatic THEN o.trace_number END) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(DISTINCT CASE WHEN r.is_again AND NOT o.symptomatic THEN o.trace_number END) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic) AS healthy
FROM redelivered AS r
JOIN trace_outcomes AS o ON o.trace_number = r.trace_number
GROUP BY r.queue, r.service_name, r.name
HAVING COUNT(*) FILTER (WHERE r.phase = 'incident' AND r.is_again) > 0
ORDER BY after_with DESC, r.queue, r.service_name, r.name
