SELECT * FROM outcomes WHERE escalation_id = :escalation_id ORDER BY outcome_id DESC
