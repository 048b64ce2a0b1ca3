INSERT INTO outcomes (
    escalation_id, reported_at_unix_nano, outcome, cause_right, verified, minutes_saved, minutes_estimated, note
)
VALUES (
    :escalation_id, :reported_at_unix_nano, :outcome, :cause_right, :verified, :minutes_saved, :minutes_estimated, :note
)
