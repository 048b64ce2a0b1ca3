UPDATE messages SET message = :message WHERE conversation_id = :conversation_id AND position = 0
