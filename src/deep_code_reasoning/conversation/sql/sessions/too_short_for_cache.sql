UPDATE conversations SET too_short_for_cache = 1 WHERE conversation_id = :conversation_id
