-- One row a trace: the columns of trace_entries, and what its entry says of it.
--   phase          baseline, incident or outside, by the entry's start; without windows every trace is of the incident
--   usual_nano     the median duration of the baseline's traces of the same service and operation (of all traces where no
--                  baseline is given); NULL where it holds none to compare with
--   delay_nano     what the spans of its critical path took more than usual, by themselves and on the way, added up
--                  (span_delays): it tells a slow trace from one that had more to do, and nobody waits for a consumer
--   is_slow        delay_nano is above the 99th percentile of those same traces, and the entry took longer than usual. Of
--                  fewer than $percentile_from that is no more than the largest, which the next one exceeds too often: it is
--                  then also above that of all baseline's delays, each by its entry's usual duration, and above
--                  $deviations of their robust standard deviations (1.4826 times the median absolute deviation).
--                  False where usual_nano is NULL
--   is_slower      delay_nano is above the 95th percentile of those same traces, and the entry took longer than usual: too
--                  common to say anything of one trace, enough to tell that all of them take longer. False likewise
--   symptomatic    in the incident phase and has_error or is_slow
CREATE OR REPLACE TEMPORARY TABLE trace_outcomes AS
WITH delays AS (
    SELECT d.trace_number, SUM(d.delay_nano) AS delay_nano
    FROM span_delays AS d
    JOIN topology AS t ON t.span_number = d.span_number
    WHERE t.critical_path_nano > 0
    GROUP BY d.trace_number
),
phased AS (
    SELECT e.*, p.phase, COALESCE(d.delay_nano, 0) AS delay_nano
    FROM trace_entries AS e
    JOIN trace_phases AS p ON p.trace_number = e.trace_number
    LEFT JOIN delays AS d ON d.trace_number = e.trace_number
),
compared AS (
    SELECT root_service, root_operation, duration_nano, delay_nano
    FROM phased
    WHERE CAST($baseline_start AS BIGINT) IS NULL OR phase = 'baseline'
),
middle AS (
    SELECT
        root_service,
        root_operation,
        COUNT(*) AS traces,
        MEDIAN(duration_nano) AS usual_nano,
        QUANTILE_CONT(delay_nano, 0.99) AS delay_nano,
        QUANTILE_CONT(delay_nano, 0.95) AS upper_delay_nano
    FROM compared
    GROUP BY root_service, root_operation
),
relative AS (
    SELECT c.delay_nano / GREATEST(m.usual_nano, 1) AS part
    FROM compared AS c
    JOIN middle AS m
        ON m.root_service IS NOT DISTINCT FROM c.root_service AND m.root_operation = c.root_operation
),
overall AS (
    SELECT GREATEST(
        QUANTILE_CONT(part, 0.99),
        $deviations * 1.4826 * MEDIAN(ABS(part - (SELECT MEDIAN(other.part) FROM relative AS other)))
    ) AS part
    FROM relative
),
judged AS (
    SELECT
        p.*,
        m.usual_nano,
        p.duration_nano > m.usual_nano
        AND p.delay_nano > m.delay_nano
        AND (m.traces >= $percentile_from OR p.delay_nano > o.part * m.usual_nano) AS is_slow,
        p.duration_nano > m.usual_nano AND p.delay_nano > m.upper_delay_nano AS is_slower
    FROM phased AS p
    CROSS JOIN overall AS o
    LEFT JOIN middle AS m
        ON m.root_service IS NOT DISTINCT FROM p.root_service AND m.root_operation = p.root_operation
)
SELECT
    trace_number,
    trace_id,
    root_service,
    root_operation,
    start_time_unix_nano,
    duration_nano,
    has_error,
    phase,
    usual_nano,
    delay_nano,
    COALESCE(is_slow, FALSE) AS is_slow,
    COALESCE(is_slower, FALSE) AS is_slower,
    phase = 'incident' AND (has_error OR COALESCE(is_slow, FALSE)) AS symptomatic
FROM judged;
