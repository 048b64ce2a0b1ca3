UPDATE jobs SET state = 'working', attempts = attempts + 1, process_id = :process_id, process_started = :process_started,
    input_requests = NULL, updated_at_unix_nano = :now
WHERE job_id = :job_id AND attempts = :attempt AND state = :state
RETURNING attempts
