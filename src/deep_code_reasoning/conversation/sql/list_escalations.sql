-- Without the manifests: they are long, and find_escalation has the one that is wanted.
SELECT
    e.escalation_id,
    e.decision_id,
    e.started_at_unix_nano,
    e.finished_at_unix_nano,
    e.process_id,
    e.analysis_type,
    e.triggers,
    e.investigation,
    e.route,
    e.provider,
    e.model,
    e.input_tokens,
    e.output_tokens,
    e.cached_tokens,
    e.thinking_tokens,
    NULL AS cache_write_tokens,
    e.dollars,
    e.seconds,
    e.verdict_kind,
    e.verdict_summary,
    e.verdict_confidence,
    e.verdict_service,
    e.verdict_commit,
    e.finding_count,
    e.error,
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
