-- Their conversation is finished, expired or gone.
SELECT k.* FROM caches AS k LEFT JOIN conversations AS c ON c.conversation_id = k.conversation_id
WHERE c.conversation_id IS NULL OR c.state = 'finished' OR c.expires_at_unix_nano < :now_nano
