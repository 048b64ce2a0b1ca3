-- The first runs of the largest burst of one piece of work in the incident.
WITH largest AS (
    SELECT burst_number
    FROM cache_runs
    WHERE work_number = $work_number AND phase = 'incident'
    GROUP BY burst_number
    ORDER BY COUNT(*) DESC, burst_number
    LIMIT 1
)
SELECT s.trace_id, s.span_id, r.is_repeated, s.code_file_path, s.code_line_number, s.code_function_name
FROM cache_runs AS r
JOIN largest AS l ON l.burst_number = r.burst_number
JOIN spans AS s ON s.span_number = r.span_number
WHERE r.work_number = $work_number AND r.phase = 'incident'
ORDER BY r.start_time_unix_nano, r.span_number
LIMIT 4
