UPDATE jobs SET state = :state, error = :error, fault = 'server', updated_at_unix_nano = :now
WHERE job_id = :job_id AND attempts = :attempt AND state = 'working'
