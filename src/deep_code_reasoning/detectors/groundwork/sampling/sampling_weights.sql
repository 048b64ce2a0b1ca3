-- trace_weights: how many traces each trace stands for, 1 where nothing says that there were others. Where the sampler
-- prefers failing traces, those that fail and the others stand for as many as metrics or logs say.
CREATE OR REPLACE TEMPORARY TABLE trace_weights AS
SELECT
    s.trace_number,
    COALESCE(
        s.weight,
        p.weight,
        1 / g.kept_share,
        1 / NULLIF(CASE WHEN o.has_error THEN g.error_share ELSE g.other_share END, 0),
        1
    ) AS weight
FROM sampled_traces AS s
JOIN trace_outcomes AS o ON o.trace_number = s.trace_number
LEFT JOIN state_weights AS p ON p.state = s.state
LEFT JOIN trace_sampling AS g ON g.root_service IS NOT DISTINCT FROM s.root_service AND g.phase = s.phase;
