UPDATE conversations SET state = 'finished', summary = :summary
WHERE conversation_id = :conversation_id AND state = 'open'
