-- Of one subject of form gap: how many connections were in use when a request got its turn, and whether it is the same
-- ceiling for those that waited. most: the incident's 99th percentile; late: waited longer than the baseline's 95th.
WITH limits AS (
    SELECT QUANTILE_DISC(h.in_use, 0.99) AS most
    FROM pool_holds AS h
    JOIN trace_outcomes AS o ON o.trace_number = h.trace_number
    WHERE h.subject_number = $subject_number AND o.phase = 'incident'
)
SELECT
    MAX(l.most) AS most,
    COUNT(*) FILTER (WHERE s.phase = 'incident' AND s.value_nano > $limit_nano) AS late,
    COUNT(*) FILTER (WHERE s.phase = 'incident' AND s.value_nano > $limit_nano AND h.in_use >= l.most) AS late_at_most,
    COUNT(*) FILTER (WHERE s.phase = 'incident' AND s.value_nano <= $limit_nano) AS prompt,
    COUNT(*) FILTER (WHERE s.phase = 'incident' AND s.value_nano <= $limit_nano AND h.in_use >= l.most)
        AS prompt_at_most,
    MEDIAN(h.hold_nano) FILTER (WHERE s.phase = 'incident') AS hold_after,
    MEDIAN(h.hold_nano) FILTER (WHERE s.phase = 'baseline') AS hold_before
FROM pool_holds AS h
JOIN latency_samples AS s ON s.subject_number = h.subject_number AND s.trace_number = h.trace_number
CROSS JOIN limits AS l
WHERE h.subject_number = $subject_number
