UPDATE jobs SET cancel_requested = 1, updated_at_unix_nano = :now,
    state = CASE WHEN state = 'input_required' THEN 'cancelled' ELSE state END
WHERE job_id = :job_id AND state IN ('working', 'input_required')
