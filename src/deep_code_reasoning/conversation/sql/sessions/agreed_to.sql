SELECT agreed_dollars FROM conversations WHERE conversation_id = :conversation_id
