-- For a caller that told of no single call: the sum of the escalation stands for them.
INSERT INTO calls (
    called_at_unix_nano, project, escalation_id, task, provider, model,
    input_tokens, output_tokens, cached_tokens, thinking_tokens, cache_write_tokens, dollars, seconds
)
SELECT
    :called_at_unix_nano, d.project, e.escalation_id, e.analysis_type, :provider, :model,
    :input_tokens, :output_tokens, :cached_tokens, :thinking_tokens, :cache_write_tokens, :dollars, :seconds
FROM escalations AS e
JOIN decisions AS d ON d.decision_id = e.decision_id
WHERE e.escalation_id = :escalation_id
    AND e.finished_at_unix_nano IS NULL
    AND NOT EXISTS (SELECT 1 FROM calls AS c WHERE c.escalation_id = e.escalation_id)
