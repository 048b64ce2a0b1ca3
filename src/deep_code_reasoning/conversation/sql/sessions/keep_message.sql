INSERT INTO messages (conversation_id, position, turn_number, kept_at_unix_nano, message)
VALUES (
    :conversation_id,
    (SELECT coalesce(max(position), -1) + 1 FROM messages WHERE conversation_id = :conversation_id),
    :number, :now, :message
)
