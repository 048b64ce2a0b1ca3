-- One row a caller's operation and callee that was given up at least $fewest times in the incident.
--   given_up, calls, before_calls          calls of the incident and of the baseline
--   deadline_nano                          what the caller waited, the middle of the calls given up
--   near, beyond                           calls given up within $nearness of it; calls of the incident that lasted longer
--   answer_nano, answer_near               what the callee took for those given up, the middle, and how many lie near that
--   thrown_away_nano, work_nano            time of the callee's answers to calls given up, and to all
--   before_longer                          answers in the baseline that took longer than this and were waited for
--   after_with, after_traces, before_with, before_traces   traces with a call given up, of those that make the call
WITH middles AS (
    SELECT
        caller,
        operation,
        callee,
        MEDIAN(waited_nano) AS deadline_nano,
        MEDIAN(answer_nano) AS answer_nano
    FROM timed_calls
    WHERE is_given_up AND phase = 'incident'
    GROUP BY caller, operation, callee
    HAVING COUNT(*) >= $fewest
)
SELECT
    m.caller,
    m.operation,
    m.callee,
    m.deadline_nano,
    m.answer_nano,
    COUNT(*) FILTER (WHERE c.phase = 'incident') AS calls,
    COUNT(*) FILTER (WHERE c.phase = 'baseline') AS before_calls,
    COUNT(*) FILTER (WHERE c.phase = 'incident' AND c.is_given_up) AS given_up,
    COUNT(*) FILTER (
        WHERE c.phase = 'incident' AND c.is_given_up
            AND ABS(c.waited_nano - m.deadline_nano) <= $nearness * m.deadline_nano
    ) AS near,
    COUNT(*) FILTER (WHERE c.phase = 'incident' AND c.waited_nano > (1 + $nearness) * m.deadline_nano) AS beyond,
    COUNT(*) FILTER (
        WHERE c.phase = 'incident' AND c.is_given_up
            AND ABS(c.answer_nano - m.answer_nano) <= $nearness * m.answer_nano
    ) AS answer_near,
    COALESCE(SUM(c.answer_nano) FILTER (WHERE c.phase = 'incident' AND c.is_given_up), 0) AS thrown_away_nano,
    COALESCE(SUM(c.answer_nano) FILTER (WHERE c.phase = 'incident'), 0) AS work_nano,
    COUNT(*) FILTER (WHERE c.phase = 'baseline' AND NOT c.is_given_up AND c.answer_nano > m.deadline_nano)
        AS before_longer,
    COUNT(DISTINCT CASE WHEN c.phase = 'incident' AND c.is_given_up THEN c.trace_number END) AS after_with,
    COUNT(DISTINCT CASE WHEN c.phase = 'incident' THEN c.trace_number END) AS after_traces,
    COUNT(DISTINCT CASE WHEN c.phase = 'baseline' AND c.is_given_up THEN c.trace_number END) AS before_with,
    COUNT(DISTINCT CASE WHEN c.phase = 'baseline' THEN c.trace_number END) AS before_traces,
    COUNT(DISTINCT CASE WHEN c.symptomatic AND c.is_given_up THEN c.trace_number END) AS symptomatic_with,
    COUNT(DISTINCT CASE WHEN NOT c.symptomatic AND c.is_given_up THEN c.trace_number END) AS healthy_with,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic) AS healthy,
    MIN(c.start_time_unix_nano) FILTER (WHERE c.phase = 'incident' AND c.is_given_up) AS first_nano,
    MAX(c.start_time_unix_nano + c.waited_nano) FILTER (WHERE c.phase = 'incident' AND c.is_given_up) AS last_nano
FROM middles AS m
JOIN timed_calls AS c
    ON c.caller IS NOT DISTINCT FROM m.caller AND c.operation = m.operation AND c.callee IS NOT DISTINCT FROM m.callee
GROUP BY m.caller, m.operation, m.callee, m.deadline_nano, m.answer_nano
ORDER BY thrown_away_nano DESC, m.caller, m.operation, m.callee
