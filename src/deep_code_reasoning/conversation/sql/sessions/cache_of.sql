SELECT * FROM caches WHERE conversation_id = :conversation_id AND model = :model AND expires_at_unix > :now
ORDER BY expires_at_unix DESC LIMIT 1
