-- One row a trace: the columns of trace_entries, and what its entry says of it.
--   usual_nano     the median duration of the same service and name in the baseline (over all traces where no baseline
--                  is given); NULL where it holds none to compare with
--   is_slow        the entry took longer than their 99th percentile. Of fewer than $percentile_from that is no more than
--                  the largest, which the next one exceeds too often: it is then at least $deviations robust standard
--                  deviations of the logarithm above the median (1.4826 times the median absolute deviation; of fewer
--                  than $spread_from traces the median of the other entries' deviations). False where usual_nano is NULL
--   phase          baseline, incident or outside, by the entry's start; without windows every trace is of the incident
--   symptomatic    in the incident phase and has_error or is_slow
CREATE OR REPLACE TEMPORARY TABLE trace_outcomes AS
WITH phased AS (
    SELECT
        e.*,
        CASE
            WHEN CAST($incident_start AS BIGINT) IS NULL THEN 'incident'
            WHEN start_time_unix_nano >= $incident_start AND start_time_unix_nano < $incident_end THEN 'incident'
            WHEN start_time_unix_nano >= $baseline_start AND start_time_unix_nano < $baseline_end THEN 'baseline'
            ELSE 'outside'
        END AS phase
    FROM trace_entries AS e
),
compared AS (
    SELECT root_service, root_operation, duration_nano, LN(GREATEST(duration_nano, 1000)) AS log_nano
    FROM phased
    WHERE CAST($baseline_start AS BIGINT) IS NULL OR phase = 'baseline'
),
middle AS (
    SELECT
        root_service,
        root_operation,
        COUNT(*) AS traces,
        MEDIAN(duration_nano) AS usual_nano,
        MEDIAN(log_nano) AS log_median,
        QUANTILE_CONT(duration_nano, 0.99) AS percentile_nano
    FROM compared
    GROUP BY root_service, root_operation
),
deviation AS (
    SELECT c.root_service, c.root_operation, MEDIAN(ABS(c.log_nano - m.log_median)) AS log_deviation
    FROM compared AS c
    JOIN middle AS m
        ON m.root_service IS NOT DISTINCT FROM c.root_service AND m.root_operation = c.root_operation
    WHERE m.traces >= $spread_from
    GROUP BY c.root_service, c.root_operation
),
usual AS (
    SELECT
        m.root_service,
        m.root_operation,
        m.usual_nano,
        CASE
            WHEN m.traces >= $percentile_from THEN m.percentile_nano
            ELSE GREATEST(
                m.percentile_nano,
                EXP(
                    m.log_median
                    + $deviations * 1.4826 * COALESCE(
                        d.log_deviation, (SELECT MEDIAN(other.log_deviation) FROM deviation AS other), 0
                    )
                )
            )
        END AS limit_nano
    FROM middle AS m
    LEFT JOIN deviation AS d
        ON d.root_service IS NOT DISTINCT FROM m.root_service AND d.root_operation = m.root_operation
)
SELECT
    p.trace_number,
    p.trace_id,
    p.root_service,
    p.root_operation,
    p.start_time_unix_nano,
    p.duration_nano,
    p.has_error,
    u.usual_nano,
    COALESCE(p.duration_nano > u.limit_nano, FALSE) AS is_slow,
    p.phase,
    p.phase = 'incident' AND (p.has_error OR COALESCE(p.duration_nano > u.limit_nano, FALSE)) AS symptomatic
FROM phased AS p
LEFT JOIN usual AS u
    ON u.root_service IS NOT DISTINCT FROM p.root_service AND u.root_operation = p.root_operation;
