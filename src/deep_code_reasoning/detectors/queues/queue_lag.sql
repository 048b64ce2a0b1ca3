-- How long messages waited, a value a trace, queue and consumer: latency_subjects(subject_number, queue, service_name,
-- producer_service) and latency_samples. From the producer's end to the consumer's first span of the message, the hosts'
-- clocks set right by clock_pairs(host, other_host, offset_nano, drift_ppm, at_unix_nano) where calls compare them.
CREATE OR REPLACE TEMPORARY TABLE queue_waits AS
WITH first_taken AS (
    SELECT
        queue,
        service_name,
        producer_number,
        MIN(producer_service) AS producer_service,
        MIN(producer_host) AS producer_host,
        MIN(sent_nano) AS sent_nano,
        MIN(taken_nano) AS taken_nano,
        ARG_MIN(host, taken_nano) AS host,
        ARG_MIN(span_number, taken_nano) AS span_number,
        ARG_MIN(trace_number, taken_nano) AS trace_number,
        ARG_MIN(phase, taken_nano) AS phase,
        ARG_MIN(done_nano - taken_nano, taken_nano) AS work_nano
    FROM deliveries
    WHERE producer_number IS NOT NULL AND NOT is_again
    GROUP BY queue, service_name, producer_number
)
SELECT
    f.*,
    c.host IS NOT NULL OR f.host IS NOT DISTINCT FROM f.producer_host AS is_compared,
    f.taken_nano - f.sent_nano - CAST(
        COALESCE(c.offset_nano + c.drift_ppm * 1e-6 * (f.taken_nano - c.at_unix_nano), 0) AS BIGINT
    ) AS wait_nano
FROM first_taken AS f
LEFT JOIN clock_pairs AS c ON c.host = f.host AND c.other_host = f.producer_host;

CREATE OR REPLACE TEMPORARY TABLE latency_subjects AS
SELECT
    ROW_NUMBER() OVER (ORDER BY queue, service_name) AS subject_number,
    queue,
    service_name,
    MIN(producer_service) AS producer_service
FROM queue_waits
GROUP BY queue, service_name;

CREATE OR REPLACE TEMPORARY TABLE latency_samples AS
SELECT
    k.subject_number,
    w.trace_number,
    w.phase,
    CAST(AVG(w.wait_nano) AS BIGINT) AS value_nano,
    CAST(AVG(w.wait_nano) AS BIGINT) AS total_nano,
    0 AS delay_nano,  -- nobody's span waits for it, so it is no part of what the trace's spans took
    ARG_MAX(w.span_number, w.wait_nano) AS span_number
FROM queue_waits AS w
JOIN latency_subjects AS k ON k.queue = w.queue AND k.service_name IS NOT DISTINCT FROM w.service_name
GROUP BY k.subject_number, w.trace_number, w.phase;
