-- Of one subject: in how many symptomatic and healthy traces it is why they take longer than usual. That is, it took longer
-- than the baseline's 95th percentile, and by at least the part $least_part of all that the trace's spans took more than
-- usual. The same for those of the incident and of the baseline that ran it.
WITH judged AS (
    SELECT
        o.symptomatic,
        o.phase,
        o.start_time_unix_nano,
        o.duration_nano,
        s.value_nano > $limit_nano
        AND ($least_part = 0 OR (o.delay_nano > 0 AND s.delay_nano >= $least_part * o.delay_nano)) AS has_pattern
    FROM latency_samples AS s
    JOIN trace_outcomes AS o ON o.trace_number = s.trace_number
    WHERE s.subject_number = $subject_number
)
SELECT
    COUNT(*) FILTER (WHERE symptomatic AND has_pattern) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(*) FILTER (WHERE NOT symptomatic AND has_pattern) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic AND phase <> 'outside') AS healthy,
    COUNT(*) FILTER (WHERE phase = 'incident' AND has_pattern) AS incident_with,
    COUNT(*) FILTER (WHERE phase = 'incident') AS incident,
    COUNT(*) FILTER (WHERE phase = 'baseline' AND has_pattern) AS baseline_with,
    COUNT(*) FILTER (WHERE phase = 'baseline') AS baseline,
    MIN(start_time_unix_nano) FILTER (WHERE phase = 'incident' AND has_pattern) AS first_nano,
    MAX(start_time_unix_nano + duration_nano) FILTER (WHERE phase = 'incident' AND has_pattern) AS last_nano
FROM judged
