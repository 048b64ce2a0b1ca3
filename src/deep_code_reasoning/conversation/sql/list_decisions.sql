SELECT * FROM decisions ORDER BY decided_at_unix_nano DESC, decision_id LIMIT :most
