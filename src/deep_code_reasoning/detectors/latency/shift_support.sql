-- Of one subject: in how many symptomatic and healthy traces it is why they take longer than usual. That is, it took longer
-- than the baseline's 95th percentile, and what it took more than in the baseline's traces of the same entry (its mean
-- there) is at least the part $least_part of what the entry took more than their median.
WITH usual AS (
    SELECT
        o.root_service,
        o.root_operation,
        SUM(s.total_nano) / CAST(MAX(e.traces) AS DOUBLE) AS usual_nano
    FROM latency_samples AS s
    JOIN trace_outcomes AS o ON o.trace_number = s.trace_number
    JOIN (
        SELECT root_service, root_operation, COUNT(*) AS traces
        FROM trace_outcomes
        WHERE phase = 'baseline'
        GROUP BY root_service, root_operation
    ) AS e ON e.root_service IS NOT DISTINCT FROM o.root_service AND e.root_operation = o.root_operation
    WHERE s.subject_number = $subject_number AND s.phase = 'baseline'
    GROUP BY o.root_service, o.root_operation
),
judged AS (
    SELECT
        o.symptomatic,
        o.phase,
        o.start_time_unix_nano,
        o.duration_nano,
        s.value_nano > $limit_nano
        AND o.duration_nano > COALESCE(o.usual_nano, 0)
        AND s.total_nano - COALESCE(u.usual_nano, 0) >= $least_part * (o.duration_nano - COALESCE(o.usual_nano, 0))
            AS has_pattern
    FROM latency_samples AS s
    JOIN trace_outcomes AS o ON o.trace_number = s.trace_number
    LEFT JOIN usual AS u ON u.root_service IS NOT DISTINCT FROM o.root_service AND u.root_operation = o.root_operation
    WHERE s.subject_number = $subject_number
)
SELECT
    COUNT(*) FILTER (WHERE symptomatic AND has_pattern) AS symptomatic_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    COUNT(*) FILTER (WHERE NOT symptomatic AND has_pattern) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic AND phase <> 'outside') AS healthy,
    MIN(start_time_unix_nano) FILTER (WHERE phase = 'incident' AND has_pattern) AS first_nano,
    MAX(start_time_unix_nano + duration_nano) FILTER (WHERE phase = 'incident' AND has_pattern) AS last_nano
FROM judged
