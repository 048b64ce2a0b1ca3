-- By its own id, or by that of its conversation.
SELECT e.*, d.project, d.decided_at_unix_nano, d.escalate, d.reasons, d.measured, d.request
FROM escalations AS e
JOIN decisions AS d ON d.decision_id = e.decision_id
WHERE e.escalation_id = :id
    OR e.escalation_id IN (SELECT c.escalation_id FROM calls AS c WHERE c.conversation_id = :id)
ORDER BY e.started_at_unix_nano LIMIT 1
