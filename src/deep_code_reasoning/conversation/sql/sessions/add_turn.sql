INSERT INTO turns (conversation_id, number, kind, state, question, with_snippets, asked_at_unix_nano)
VALUES (
    :conversation_id,
    (SELECT coalesce(max(number), 0) + 1 FROM turns WHERE conversation_id = :conversation_id),
    :kind, 'queued', :question, :with_snippets, :now
) RETURNING number
