SELECT * FROM decisions WHERE decision_id = :id
