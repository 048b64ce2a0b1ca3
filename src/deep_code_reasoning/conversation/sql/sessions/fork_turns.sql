INSERT INTO turns (
    conversation_id, number, kind, state, question, with_snippets, asked_at_unix_nano, started_at_unix_nano,
    finished_at_unix_nano, shown, diagnosis, model, provider, analysis, problems, questions, error
) SELECT
    :conversation_id, number, kind, state, question, with_snippets, asked_at_unix_nano, started_at_unix_nano,
    finished_at_unix_nano, shown, diagnosis, model, provider, analysis, problems, questions, error
FROM turns WHERE conversation_id = :parent_id AND number <= :last_turn AND kind = 'question'
  AND state NOT IN ('queued', 'running')
