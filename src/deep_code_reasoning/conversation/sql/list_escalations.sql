SELECT
    e.*,
    d.project,
    o.outcome,
    o.cause_right,
    o.verified,
    o.minutes_saved,
    o.minutes_estimated,
    o.note
FROM escalations AS e
JOIN decisions AS d ON d.decision_id = e.decision_id
LEFT JOIN outcomes AS o
    ON o.outcome_id = (SELECT max(newer.outcome_id) FROM outcomes AS newer WHERE newer.escalation_id = e.escalation_id)
WHERE e.started_at_unix_nano >= :since_unix_nano AND (:project IS NULL OR d.project = :project)
ORDER BY e.started_at_unix_nano DESC, e.escalation_id LIMIT :most
