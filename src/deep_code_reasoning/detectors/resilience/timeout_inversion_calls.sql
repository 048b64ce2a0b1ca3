-- Calls between services that the callee answered, in one temporary table.
-- timed_calls: span_number (the caller's), answer_number (the callee's longest answer), trace_number, phase, symptomatic,
--   caller, operation, callee, waited_nano and answer_nano (durations, so that clocks play no part), is_given_up: the
--   caller reports a failure and the callee worked longer than the caller waited. As much as two steps of the coarsest
--   clock may be rounding.
CREATE OR REPLACE TEMPORARY TABLE timed_calls AS
WITH resolution AS (
    SELECT
        CASE
            WHEN COUNT(*) FILTER (WHERE start_time_unix_nano % 1000000000 <> 0) = 0 THEN 1000000000
            WHEN COUNT(*) FILTER (WHERE start_time_unix_nano % 1000000 <> 0) = 0 THEN 1000000
            ELSE 1000
        END AS step_nano
    FROM spans
),
answers AS (
    SELECT
        t.parent_number AS span_number,
        ARG_MAX(a.span_number, a.duration_nano) AS answer_number,
        ARG_MAX(a.service_name, a.duration_nano) AS callee,
        MAX(a.duration_nano) AS answer_nano
    FROM spans AS a
    JOIN topology AS t ON t.span_number = a.span_number
    WHERE a.kind = 'server' AND t.parent_number IS NOT NULL
    GROUP BY t.parent_number
)
SELECT
    c.span_number,
    a.answer_number,
    o.trace_number,
    o.phase,
    o.symptomatic,
    c.service_name AS caller,
    c.name AS operation,
    a.callee,
    c.start_time_unix_nano,
    c.duration_nano AS waited_nano,
    a.answer_nano,
    c.duration_nano > 0
    AND f.span_number IS NOT NULL
    AND a.answer_nano > c.duration_nano + 2 * (SELECT step_nano FROM resolution) AS is_given_up
FROM answers AS a
JOIN spans AS c ON c.span_number = a.span_number
JOIN topology AS t ON t.span_number = a.span_number
JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
LEFT JOIN failed_spans AS f ON f.span_number = a.span_number
WHERE c.kind = 'client' AND a.callee IS DISTINCT FROM c.service_name;
