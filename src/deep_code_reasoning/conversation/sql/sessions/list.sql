SELECT
    c.conversation_id, c.investigation, c.model, c.provider, c.state, c.parent_id, c.escalation_id,
    c.created_at_unix_nano, c.active_at_unix_nano, c.expires_at_unix_nano,
    count(t.number) AS turns,
    sum(t.dollars) AS dollars,
    max(CASE WHEN t.number = 1 THEN t.question END) AS question
FROM conversations AS c LEFT JOIN turns AS t ON t.conversation_id = c.conversation_id
WHERE c.project = :project
GROUP BY c.conversation_id
ORDER BY c.active_at_unix_nano DESC, c.conversation_id LIMIT :most
