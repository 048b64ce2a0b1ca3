-- Decisions without the calls that asked for them: those are long.
SELECT decision_id, decided_at_unix_nano, escalate, reasons
FROM decisions ORDER BY decided_at_unix_nano DESC, decision_id LIMIT :most
