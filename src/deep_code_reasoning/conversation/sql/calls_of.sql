SELECT * FROM calls WHERE escalation_id = :escalation_id OR conversation_id = :id ORDER BY call_id
