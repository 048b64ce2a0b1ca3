-- One key in the incident: its waits and whether they grow with the number of those who wait already (Spearman's rank
-- correlation), and how fast the lock goes from hand to hand while others wait.
--   handed_on, at_once     grants of which the release before is known, and those within a tenth of the usual hold of it
WITH waits AS (
    SELECT
        queue.*,
        RANK() OVER (ORDER BY wait_nano) + (COUNT(*) OVER (PARTITION BY wait_nano) - 1) / 2.0 AS wait_rank,
        RANK() OVER (ORDER BY waiting) + (COUNT(*) OVER (PARTITION BY waiting) - 1) / 2.0 AS waiting_rank
    FROM lock_queue AS queue
    WHERE key = $key AND phase = 'incident'
),
holds AS (
    SELECT
        from_nano,
        to_nano,
        MAX(to_nano) OVER (
            ORDER BY from_nano, span_number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS last_release_nano,
        span_number
    FROM lock_holds
    WHERE key = $key AND phase = 'incident'
),
usual AS (
    SELECT MEDIAN(to_nano - from_nano) AS hold_nano FROM holds
),
handed AS (
    SELECT
        COUNT(*) FILTER (WHERE h.last_release_nano IS NOT NULL) AS handed_on,
        COUNT(*) FILTER (
            WHERE h.from_nano >= h.last_release_nano
                AND h.from_nano - h.last_release_nano <= GREATEST(u.hold_nano / 10, 1000000)
        ) AS at_once
    FROM holds AS h
    JOIN lock_queue AS q ON q.span_number = h.span_number
    CROSS JOIN usual AS u
    WHERE q.waiting > 0
)
SELECT
    COUNT(*) AS waits,
    MAX(w.waiting) AS waiting_most,
    COUNT(*) FILTER (WHERE w.waiting > 0) AS queued,
    CORR(w.wait_rank, w.waiting_rank) AS correlation,
    MEDIAN(w.wait_nano / (w.waiting + 1)) FILTER (WHERE w.waiting > 0) AS wait_each_nano,
    MAX(u.hold_nano) AS hold_nano,
    MAX(h.handed_on) AS handed_on,
    MAX(h.at_once) AS at_once
FROM waits AS w
CROSS JOIN usual AS u
CROSS JOIN handed AS h
