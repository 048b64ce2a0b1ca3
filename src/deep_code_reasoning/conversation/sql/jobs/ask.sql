UPDATE jobs SET state = 'input_required', input_requests = :requests, updated_at_unix_nano = :now
WHERE job_id = :job_id AND attempts = :attempt AND state = 'working'
