-- By how much each entry operation became slower, against the baseline's traces of the same operation: weighted by the
-- incident's mix of entries, so that another mix of requests adds nothing. Only of entries that both windows hold.
--   after, before    traces in the incident, in the baseline
--   added_nano       the rise of its mean duration, times `after`
CREATE OR REPLACE TEMPORARY TABLE entry_increases AS
SELECT
    root_service,
    root_operation,
    CAST(COUNT(*) FILTER (WHERE phase = 'incident') AS DOUBLE) AS after,
    CAST(COUNT(*) FILTER (WHERE phase = 'baseline') AS DOUBLE) AS before,
    COUNT(*) FILTER (WHERE phase = 'incident') * (
        AVG(duration_nano) FILTER (WHERE phase = 'incident') - AVG(duration_nano) FILTER (WHERE phase = 'baseline')
    ) AS added_nano
FROM trace_outcomes
GROUP BY root_service, root_operation
HAVING COUNT(*) FILTER (WHERE phase = 'incident') > 0 AND COUNT(*) FILTER (WHERE phase = 'baseline') > 0;
