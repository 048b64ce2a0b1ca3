UPDATE jobs SET input_responses = :responses, input_requests = :requests, updated_at_unix_nano = :now
WHERE job_id = :job_id AND state = 'input_required'
