UPDATE turns SET
    input_tokens = input_tokens + :input_tokens,
    output_tokens = output_tokens + :output_tokens,
    cached_tokens = cached_tokens + :cached_tokens,
    thinking_tokens = thinking_tokens + :thinking_tokens,
    cache_write_tokens = cache_write_tokens + :cache_write_tokens,
    dollars = dollars + coalesce(:dollars, 0),
    dollars_without_cache = dollars_without_cache + coalesce(:dollars_without_cache, 0),
    unpriced_calls = unpriced_calls + (:dollars IS NULL),
    calls = calls + :calls,
    seconds = seconds + :seconds,
    pending = NULL,
    model = :model,
    provider = :provider
WHERE conversation_id = :conversation_id AND number = :number
