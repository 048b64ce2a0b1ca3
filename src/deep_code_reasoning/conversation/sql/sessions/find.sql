SELECT
    conversation_id, project, escalation_id, parent_id, parent_turn, investigation, request, model, provider, route,
    system, state, summary, created_at_unix_nano, active_at_unix_nano, expires_at_unix_nano
FROM conversations WHERE conversation_id = :conversation_id
