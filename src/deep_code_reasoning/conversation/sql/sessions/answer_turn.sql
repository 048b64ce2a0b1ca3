UPDATE turns SET
    state = 'done', finished_at_unix_nano = :now, error = NULL, pending = NULL, model = :model, provider = :provider,
    analysis = :analysis, problems = :problems, questions = :questions
WHERE conversation_id = :conversation_id AND number = :number AND state = 'running'
