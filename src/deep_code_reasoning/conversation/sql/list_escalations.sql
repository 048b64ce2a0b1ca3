SELECT * FROM escalations ORDER BY started_at_unix_nano DESC, escalation_id LIMIT :most
