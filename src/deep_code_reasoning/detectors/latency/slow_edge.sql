-- Time on the way of calls, averaged in each trace: latency_subjects(subject_number, caller, callee, peer, operation)
-- and latency_samples(subject_number, trace_number, phase, value_nano, total_nano, delay_nano, span_number); delay_nano as
-- in span_delays, the edges as in span_times.
CREATE OR REPLACE TEMPORARY TABLE latency_subjects AS
SELECT
    ROW_NUMBER() OVER (ORDER BY service_name, callee, peer, operation) AS subject_number,
    service_name AS caller,
    callee,
    peer,
    operation
FROM span_times
WHERE is_edge
GROUP BY service_name, callee, peer, operation;

CREATE OR REPLACE TEMPORARY TABLE latency_samples AS
SELECT
    l.subject_number,
    e.trace_number,
    e.phase,
    AVG(e.nano) AS value_nano,
    SUM(e.nano) AS total_nano,
    SUM(e.delay_nano) AS delay_nano,
    ARG_MAX(e.span_number, e.nano) AS span_number
FROM span_delays AS e
JOIN latency_subjects AS l
    ON l.caller IS NOT DISTINCT FROM e.service_name
    AND l.callee IS NOT DISTINCT FROM e.callee
    AND l.peer IS NOT DISTINCT FROM e.peer
    AND l.operation IS NOT DISTINCT FROM e.operation
WHERE e.is_edge
GROUP BY l.subject_number, e.trace_number, e.phase;
