SELECT conversation_id FROM conversations
WHERE escalation_id = :escalation_id AND parent_id IS NULL
