-- Waits for a lock, a value a trace, service and key: latency_subjects(subject_number, service_name, key) and
-- latency_samples(subject_number, trace_number, phase, value_nano, total_nano, delay_nano, span_number); and lock_queue: a row a wait,
-- with waiting, how many others already waited for the key when it began.
CREATE OR REPLACE TEMPORARY TABLE latency_subjects AS
SELECT ROW_NUMBER() OVER (ORDER BY service_name, key) AS subject_number, service_name, key
FROM (SELECT DISTINCT service_name, key FROM lock_waits) AS keys;

CREATE OR REPLACE TEMPORARY TABLE latency_samples AS
SELECT
    k.subject_number,
    w.trace_number,
    w.phase,
    SUM(w.end_nano - w.start_nano) AS value_nano,
    SUM(w.end_nano - w.start_nano) AS total_nano,
    SUM(w.end_nano - w.start_nano) - COALESCE(
        MEDIAN(CASE WHEN w.phase = 'baseline' THEN SUM(w.end_nano - w.start_nano) END)
            OVER (PARTITION BY k.subject_number),
        0
    ) AS delay_nano,
    ARG_MAX(w.span_number, w.end_nano - w.start_nano) AS span_number
FROM lock_waits AS w
JOIN latency_subjects AS k ON k.service_name IS NOT DISTINCT FROM w.service_name AND k.key = w.key
WHERE w.phase IN ('incident', 'baseline')
GROUP BY k.subject_number, w.trace_number, w.phase;

CREATE OR REPLACE TEMPORARY TABLE lock_queue AS
WITH steps AS (
    SELECT key, span_number, start_nano AS at_nano, 1 AS step FROM lock_waits
    UNION ALL
    SELECT key, span_number, end_nano AS at_nano, -1 AS step FROM lock_waits
),
swept AS (
    SELECT
        span_number,
        step,
        SUM(step) OVER (
            PARTITION BY key ORDER BY at_nano, step, span_number ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS waiting
    FROM steps
)
SELECT w.key, w.phase, w.span_number, w.trace_number, w.end_nano - w.start_nano AS wait_nano, w.end_nano, s.waiting - 1 AS waiting
FROM swept AS s
JOIN lock_waits AS w ON w.span_number = s.span_number
WHERE s.step = 1;
