-- When each trace's entry began (the entry as in trace_outcomes); of logs alone (no trace number), when the first line of
-- each trace was written, and each line that names none: the lines of one request are no independent witnesses.
WITH entries AS (
    SELECT
        t.trace_number,
        COALESCE(
            MIN(s.start_time_unix_nano) FILTER (WHERE NOT t.is_orphan), MIN(s.start_time_unix_nano)
        ) AS time_unix_nano
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    WHERE t.parent_number IS NULL
    GROUP BY t.trace_number
)
SELECT trace_number, time_unix_nano FROM entries
UNION ALL
SELECT NULL, MIN(time_unix_nano)
FROM logs
WHERE time_unix_nano IS NOT NULL AND NOT EXISTS (SELECT 1 FROM spans)
GROUP BY COALESCE(trace_id, CAST(log_number AS VARCHAR))
ORDER BY 2, 1
