UPDATE jobs SET state = :state, result = :result, error = :error, fault = :fault, input_requests = NULL, updated_at_unix_nano = :now
WHERE job_id = :job_id AND attempts = :attempt AND state = 'working'
RETURNING job_id
