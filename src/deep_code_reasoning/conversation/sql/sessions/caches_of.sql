SELECT * FROM caches WHERE conversation_id = :conversation_id
