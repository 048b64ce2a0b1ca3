UPDATE turns SET state = 'cancelled', finished_at_unix_nano = :now, error = 'the conversation was finished before'
WHERE conversation_id = :conversation_id AND state = 'queued'
