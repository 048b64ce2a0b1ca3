SELECT trace_id
FROM trace_outcomes
WHERE symptomatic AND list_contains($trace_ids, trace_id);
