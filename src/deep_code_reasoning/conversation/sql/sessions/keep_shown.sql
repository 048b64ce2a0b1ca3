UPDATE turns SET shown = :shown, diagnosis = :diagnosis WHERE conversation_id = :conversation_id AND number = :number
