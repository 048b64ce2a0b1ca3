UPDATE turns SET seconds = seconds + :seconds WHERE conversation_id = :conversation_id AND number = :number
