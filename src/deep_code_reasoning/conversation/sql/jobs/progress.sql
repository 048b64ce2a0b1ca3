UPDATE jobs SET message = :message, partial = coalesce(:partial, partial), updated_at_unix_nano = :now
WHERE job_id = :job_id AND state = 'working' AND attempts = :attempt
RETURNING cancel_requested
