SELECT * FROM jobs WHERE job_id = :job_id AND project = :project
