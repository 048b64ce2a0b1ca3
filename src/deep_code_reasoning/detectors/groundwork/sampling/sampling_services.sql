-- Of the traces of each entry service and phase: how many, and how many samplers say that the decision was the last one.
SELECT root_service, phase, COUNT(*) AS traces, COUNT(policy) AS with_policy
FROM sampled_traces
GROUP BY root_service, phase
ORDER BY root_service, phase;
