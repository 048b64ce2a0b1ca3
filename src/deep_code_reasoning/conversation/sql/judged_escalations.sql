-- Each escalation that somebody judged, by its newest report, with the measures it was decided on.
SELECT e.escalation_id, e.analysis_type, e.model, o.outcome, d.reasons
FROM outcomes AS o
JOIN escalations AS e ON e.escalation_id = o.escalation_id
JOIN decisions AS d ON d.decision_id = e.decision_id
WHERE o.outcome_id = (SELECT max(newer.outcome_id) FROM outcomes AS newer WHERE newer.escalation_id = o.escalation_id)
ORDER BY o.outcome_id DESC LIMIT :most
