SELECT job_id, tool, state, message, error, created_at_unix_nano, updated_at_unix_nano, process_id, process_started
FROM jobs WHERE project = :project
ORDER BY created_at_unix_nano DESC LIMIT :most
