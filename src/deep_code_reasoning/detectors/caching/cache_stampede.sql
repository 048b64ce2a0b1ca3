-- A row a piece of work of which at least $fewest runs in the incident began while the same was already running.
--   runs, repeated by phase; busy_nano: time of the incident's runs
--   after_with, before_with        traces with a run; after_repeated, before_repeated: with a repeated one
--   after_asked, before_asked      traces of the entry operations that ever run it
--   most                           runs of the largest burst, burst_nano how long the first of its runs took
WITH totals AS (
    SELECT
        work_number,
        COUNT(*) FILTER (WHERE phase = 'incident') AS runs,
        COUNT(*) FILTER (WHERE phase = 'baseline') AS runs_before,
        COUNT(*) FILTER (WHERE phase = 'incident' AND is_repeated) AS repeated,
        COUNT(*) FILTER (WHERE phase = 'baseline' AND is_repeated) AS repeated_before,
        COALESCE(SUM(end_time_unix_nano - start_time_unix_nano) FILTER (WHERE phase = 'incident'), 0) AS busy_nano,
        COUNT(DISTINCT CASE WHEN phase = 'incident' THEN trace_number END) AS after_with,
        COUNT(DISTINCT CASE WHEN phase = 'baseline' THEN trace_number END) AS before_with,
        COUNT(DISTINCT CASE WHEN phase = 'incident' AND is_repeated THEN trace_number END) AS after_repeated,
        COUNT(DISTINCT CASE WHEN phase = 'baseline' AND is_repeated THEN trace_number END) AS before_repeated,
        COUNT(DISTINCT CASE WHEN symptomatic AND is_repeated THEN trace_number END) AS symptomatic_with,
        COUNT(DISTINCT CASE WHEN NOT symptomatic AND is_repeated THEN trace_number END) AS healthy_with,
        MIN(start_time_unix_nano) FILTER (WHERE phase = 'incident' AND is_repeated) AS first_nano,
        MAX(end_time_unix_nano) FILTER (WHERE phase = 'incident' AND is_repeated) AS last_nano
    FROM cache_runs
    GROUP BY work_number
    HAVING COUNT(*) FILTER (WHERE phase = 'incident' AND is_repeated) >= $fewest
),
bursts AS (
    SELECT work_number, MAX(runs) AS most
    FROM (
        SELECT work_number, burst_number, COUNT(*) AS runs
        FROM cache_runs
        WHERE phase = 'incident'
        GROUP BY work_number, burst_number
    ) AS each
    GROUP BY work_number
),
entries AS (
    SELECT DISTINCT r.work_number, r.root_service, r.root_operation
    FROM cache_runs AS r
    JOIN totals AS t ON t.work_number = r.work_number
),
asked AS (
    SELECT
        e.work_number,
        COUNT(*) FILTER (WHERE o.phase = 'incident') AS after_asked,
        COUNT(*) FILTER (WHERE o.phase = 'baseline') AS before_asked
    FROM entries AS e
    JOIN trace_outcomes AS o
        ON o.root_service IS NOT DISTINCT FROM e.root_service AND o.root_operation = e.root_operation
    GROUP BY e.work_number
)
SELECT
    t.*,
    w.service_name,
    w.text,
    w.peer,
    b.most,
    a.after_asked,
    a.before_asked,
    (SELECT MAX(start_time_unix_nano + duration_nano) - MIN(start_time_unix_nano) FROM trace_outcomes WHERE phase = 'incident')
        AS observed_nano,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic) AS healthy
FROM totals AS t
JOIN cache_work AS w ON w.work_number = t.work_number
JOIN bursts AS b ON b.work_number = t.work_number
JOIN asked AS a ON a.work_number = t.work_number
ORDER BY t.repeated DESC, w.service_name, w.text
