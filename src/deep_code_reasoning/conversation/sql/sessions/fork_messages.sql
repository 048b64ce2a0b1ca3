INSERT INTO messages (conversation_id, position, turn_number, kept_at_unix_nano, message)
SELECT :conversation_id, m.position, m.turn_number, m.kept_at_unix_nano, m.message
FROM messages AS m JOIN turns AS t ON t.conversation_id = :conversation_id AND t.number = m.turn_number
WHERE m.conversation_id = :parent_id
