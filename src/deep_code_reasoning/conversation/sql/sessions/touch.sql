UPDATE conversations SET active_at_unix_nano = :now, expires_at_unix_nano = :expires
WHERE conversation_id = :conversation_id
