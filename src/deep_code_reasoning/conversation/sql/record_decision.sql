INSERT INTO decisions (decision_id, decided_at_unix_nano, project, escalate, reasons, measured, request)
VALUES (:decision_id, :decided_at_unix_nano, :project, :escalate, :reasons, :measured, :request)
