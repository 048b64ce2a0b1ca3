UPDATE turns SET pending = :pending WHERE conversation_id = :conversation_id AND number = :number
