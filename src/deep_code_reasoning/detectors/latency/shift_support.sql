-- Of one subject: in how many symptomatic and healthy traces it took longer than the baseline's 95th percentile.
SELECT
    COUNT(*) FILTER (WHERE o.symptomatic AND s.value_nano > $limit_nano) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(*) FILTER (WHERE NOT o.symptomatic AND s.value_nano > $limit_nano) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic AND phase <> 'outside') AS healthy,
    MIN(o.start_time_unix_nano) FILTER (WHERE o.phase = 'incident' AND s.value_nano > $limit_nano) AS first_nano,
    MAX(o.start_time_unix_nano + o.duration_nano)
        FILTER (WHERE o.phase = 'incident' AND s.value_nano > $limit_nano) AS last_nano
FROM latency_samples AS s
JOIN trace_outcomes AS o ON o.trace_number = s.trace_number
WHERE s.subject_number = $subject_number
