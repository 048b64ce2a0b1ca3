SELECT 1 FROM conversations WHERE conversation_id = :conversation_id AND too_short_for_cache = 1
