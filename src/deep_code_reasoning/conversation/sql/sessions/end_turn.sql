UPDATE turns SET state = :state, finished_at_unix_nano = :now, error = :error
WHERE conversation_id = :conversation_id AND number = :number AND state = 'running'
