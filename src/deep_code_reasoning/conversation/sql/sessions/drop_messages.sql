DELETE FROM messages WHERE conversation_id = :conversation_id AND turn_number = :number
