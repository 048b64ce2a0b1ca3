-- A row comes back where the session had not been told since then; asking and noting is one step.
INSERT INTO told_sessions (session_id, told_at_unix_nano) VALUES (:session_id, :now_unix_nano)
ON CONFLICT (session_id) DO UPDATE SET told_at_unix_nano = excluded.told_at_unix_nano
WHERE told_sessions.told_at_unix_nano <= :not_since_unix_nano
RETURNING session_id
