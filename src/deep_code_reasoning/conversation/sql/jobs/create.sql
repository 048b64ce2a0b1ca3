INSERT INTO jobs (job_id, project, tool, arguments, roots, state, process_id, process_started, created_at_unix_nano, updated_at_unix_nano)
VALUES (:job_id, :project, :tool, :arguments, :roots, 'working', :process_id, :process_started, :now, :now)
