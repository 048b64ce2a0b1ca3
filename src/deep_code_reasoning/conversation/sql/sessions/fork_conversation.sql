INSERT INTO conversations (
    conversation_id, project, escalation_id, parent_id, parent_turn, investigation, request, model, provider, route,
    system, brief, manifest, diagnosis, shown, state, created_at_unix_nano, active_at_unix_nano, expires_at_unix_nano
) SELECT
    :conversation_id, project, escalation_id, conversation_id, :last_turn, investigation, :request, :model, :provider,
    :route, :system, :brief, :manifest, diagnosis, shown, 'open', :now, :now, :expires
FROM conversations WHERE conversation_id = :parent_id
