INSERT INTO calls (
    called_at_unix_nano, project, escalation_id, conversation_id, turn, task, provider, model,
    input_tokens, output_tokens, cached_tokens, thinking_tokens, cache_write_tokens, dollars, seconds, error
)
VALUES (
    :called_at_unix_nano, :project, :escalation_id, :conversation_id, :turn, :task, :provider, :model,
    :input_tokens, :output_tokens, :cached_tokens, :thinking_tokens, :cache_write_tokens, :dollars, :seconds, :error
)
