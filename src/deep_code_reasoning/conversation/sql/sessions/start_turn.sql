UPDATE turns SET
    state = 'running', started_at_unix_nano = :now, finished_at_unix_nano = NULL, error = NULL,
    process_id = :process_id, process_started = :process_started
WHERE conversation_id = :conversation_id AND number = :number
