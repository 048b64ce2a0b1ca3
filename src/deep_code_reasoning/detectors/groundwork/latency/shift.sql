-- Before and after of each subject of latency_samples(subject_number, phase, value_nano), a row a trace:
--   after, before                  traces in the incident, in the baseline
--   median, p95 and mean by phase; mad_before: the median distance from the baseline's median, all ns
--   u, ties                        Mann-Whitney's U of the incident over the baseline, and the sum of t^3 - t
--   log_mean, log_variance         of ln(value), values below a microsecond taken as one
--   tail_after, tail_before        traces above the baseline's 95th percentile
WITH enough AS (
    SELECT
        subject_number,
        COUNT(*) FILTER (WHERE phase = 'incident') AS after,
        COUNT(*) FILTER (WHERE phase = 'baseline') AS before,
        MEDIAN(value_nano) FILTER (WHERE phase = 'incident') AS median_after,
        MEDIAN(value_nano) FILTER (WHERE phase = 'baseline') AS median_before,
        QUANTILE_CONT(value_nano, 0.95) FILTER (WHERE phase = 'incident') AS p95_after,
        QUANTILE_CONT(value_nano, 0.95) FILTER (WHERE phase = 'baseline') AS p95_before,
        AVG(value_nano) FILTER (WHERE phase = 'incident') AS mean_after,
        AVG(value_nano) FILTER (WHERE phase = 'baseline') AS mean_before,
        AVG(LN(GREATEST(value_nano, 1000))) FILTER (WHERE phase = 'incident') AS log_mean_after,
        AVG(LN(GREATEST(value_nano, 1000))) FILTER (WHERE phase = 'baseline') AS log_mean_before,
        VAR_SAMP(LN(GREATEST(value_nano, 1000))) FILTER (WHERE phase = 'incident') AS log_variance_after,
        VAR_SAMP(LN(GREATEST(value_nano, 1000))) FILTER (WHERE phase = 'baseline') AS log_variance_before
    FROM latency_samples
    GROUP BY subject_number
    HAVING COUNT(*) FILTER (WHERE phase = 'incident') >= $fewest_after
        AND COUNT(*) FILTER (WHERE phase = 'baseline') > 0
),
ranked AS (
    SELECT
        s.subject_number,
        s.phase,
        s.value_nano,
        RANK() OVER (PARTITION BY s.subject_number ORDER BY s.value_nano) AS lowest_rank,
        COUNT(*) OVER (PARTITION BY s.subject_number, s.value_nano) AS equals
    FROM latency_samples AS s
    JOIN enough AS e ON e.subject_number = s.subject_number
),
summed AS (
    SELECT
        r.subject_number,
        SUM(r.lowest_rank + (r.equals - 1) / 2.0) FILTER (WHERE r.phase = 'incident') AS rank_sum,
        CAST(SUM(r.equals * r.equals - 1) AS DOUBLE) AS ties,
        COUNT(*) FILTER (WHERE r.phase = 'incident' AND r.value_nano > e.p95_before) AS tail_after,
        COUNT(*) FILTER (WHERE r.phase = 'baseline' AND r.value_nano > e.p95_before) AS tail_before,
        MEDIAN(ABS(r.value_nano - e.median_before)) FILTER (WHERE r.phase = 'baseline') AS mad_before
    FROM ranked AS r
    JOIN enough AS e ON e.subject_number = r.subject_number
    GROUP BY r.subject_number
)
SELECT
    e.*,
    s.rank_sum - e.after * (e.after + 1) / 2.0 AS u,
    s.ties,
    s.tail_after,
    s.tail_before,
    s.mad_before
FROM enough AS e
JOIN summed AS s ON s.subject_number = e.subject_number
