-- Of one operation: in how many symptomatic and healthy traces a request makes more calls than 95 in 100 did before.
SELECT
    COUNT(*) FILTER (WHERE o.symptomatic AND s.hundredths > $limit) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(*) FILTER (WHERE NOT o.symptomatic AND s.hundredths > $limit) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic AND phase <> 'outside') AS healthy,
    MIN(o.start_time_unix_nano) FILTER (WHERE s.phase = 'incident' AND s.hundredths > $limit) AS first_nano,
    MAX(o.start_time_unix_nano + o.duration_nano) FILTER (WHERE s.phase = 'incident' AND s.hundredths > $limit)
        AS last_nano
FROM fan_out_samples AS s
JOIN trace_outcomes AS o ON o.trace_number = s.trace_number
WHERE s.service_name IS NOT DISTINCT FROM $service_name AND s.operation = $operation
