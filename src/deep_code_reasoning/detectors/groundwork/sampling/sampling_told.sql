-- Of each entry service and phase: traces whose weight is told, the weight of one on average, and whether they differ.
SELECT
    s.root_service,
    s.phase,
    COUNT(COALESCE(s.weight, p.weight)) AS told,
    AVG(COALESCE(s.weight, p.weight)) AS weight,
    MAX(COALESCE(s.weight, p.weight)) > MIN(COALESCE(s.weight, p.weight)) AS differ
FROM sampled_traces AS s
LEFT JOIN state_weights AS p ON p.state = s.state
GROUP BY s.root_service, s.phase
ORDER BY s.root_service, s.phase;
