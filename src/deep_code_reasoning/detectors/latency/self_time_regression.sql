-- Self times of operations, averaged in each trace: latency_subjects(subject_number, service_name, operation) and
-- latency_samples(subject_number, trace_number, phase, value_nano, total_nano, delay_nano, span_number), the span that of
-- the slowest; delay_nano as in span_delays.
CREATE OR REPLACE TEMPORARY TABLE latency_subjects AS
SELECT ROW_NUMBER() OVER (ORDER BY service_name, operation) AS subject_number, service_name, operation
FROM span_times
WHERE NOT is_edge
GROUP BY service_name, operation;

CREATE OR REPLACE TEMPORARY TABLE latency_samples AS
SELECT
    l.subject_number,
    t.trace_number,
    t.phase,
    AVG(t.nano) AS value_nano,
    SUM(t.nano) AS total_nano,
    SUM(t.delay_nano) AS delay_nano,
    ARG_MAX(t.span_number, t.nano) AS span_number
FROM span_delays AS t
JOIN latency_subjects AS l ON l.service_name IS NOT DISTINCT FROM t.service_name AND l.operation = t.operation
WHERE NOT t.is_edge
GROUP BY l.subject_number, t.trace_number, t.phase;
