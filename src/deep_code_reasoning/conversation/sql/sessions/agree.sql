UPDATE conversations SET agreed_dollars = :dollars
WHERE conversation_id = :conversation_id AND agreed_dollars < :dollars
