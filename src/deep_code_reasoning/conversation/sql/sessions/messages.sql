SELECT turn_number, kept_at_unix_nano, message FROM messages WHERE conversation_id = :conversation_id ORDER BY position
