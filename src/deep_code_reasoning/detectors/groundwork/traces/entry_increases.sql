-- By how much each entry operation became slower, against the baseline's traces of the same operation: weighted by the
-- incident's mix of entries, so that another mix of requests adds nothing. Only of entries that both windows hold.
--   after, before    traces in the incident, in the baseline
--   added_nano       the rise of its mean duration, times `after`; durations above the 99th percentile of both windows
--                    together count as much as that, since one stray pause else moves the mean of a hundred requests
CREATE OR REPLACE TEMPORARY TABLE entry_increases AS
WITH longest AS (
    SELECT root_service, root_operation, QUANTILE_CONT(duration_nano, 0.99) AS nano
    FROM trace_outcomes
    WHERE phase IN ('incident', 'baseline')
    GROUP BY root_service, root_operation
),
cut AS (
    SELECT o.root_service, o.root_operation, o.phase, LEAST(o.duration_nano, l.nano) AS duration_nano
    FROM trace_outcomes AS o
    JOIN longest AS l
        ON l.root_service IS NOT DISTINCT FROM o.root_service AND l.root_operation = o.root_operation
)
SELECT
    root_service,
    root_operation,
    CAST(COUNT(*) FILTER (WHERE phase = 'incident') AS DOUBLE) AS after,
    CAST(COUNT(*) FILTER (WHERE phase = 'baseline') AS DOUBLE) AS before,
    COUNT(*) FILTER (WHERE phase = 'incident') * (
        AVG(duration_nano) FILTER (WHERE phase = 'incident') - AVG(duration_nano) FILTER (WHERE phase = 'baseline')
    ) AS added_nano
FROM cut
GROUP BY root_service, root_operation
HAVING COUNT(*) FILTER (WHERE phase = 'incident') > 0 AND COUNT(*) FILTER (WHERE phase = 'baseline') > 0;
