INSERT INTO caches (cache_name, provider, model, conversation_id, tokens, expires_at_unix)
VALUES (:cache_name, :provider, :model, :conversation_id, :tokens, :expires_at_unix)
ON CONFLICT (cache_name) DO UPDATE SET expires_at_unix = excluded.expires_at_unix
