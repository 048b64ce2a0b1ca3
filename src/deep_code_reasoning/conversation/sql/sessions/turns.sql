SELECT
    number, kind, state, question, with_snippets, asked_at_unix_nano, started_at_unix_nano, finished_at_unix_nano,
    process_id, process_started, pending, model, provider, analysis, problems, questions, input_tokens, output_tokens,
    cached_tokens, thinking_tokens, cache_write_tokens, dollars, dollars_without_cache, unpriced_calls, calls, seconds,
    error
FROM turns WHERE conversation_id = :conversation_id ORDER BY number
