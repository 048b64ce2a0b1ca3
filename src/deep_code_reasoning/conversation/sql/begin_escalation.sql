INSERT INTO escalations (escalation_id, decision_id, started_at_unix_nano, process_id, analysis_type, triggers, investigation)
VALUES (:escalation_id, :decision_id, :started_at_unix_nano, :process_id, :analysis_type, :triggers, :investigation)
