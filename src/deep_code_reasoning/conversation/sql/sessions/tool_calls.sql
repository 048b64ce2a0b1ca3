SELECT * FROM tool_calls WHERE conversation_id = :conversation_id ORDER BY turn_number, position
