-- One queue and consumer: messages sent and taken by phase, the consumer's time for one, whether the wait grows along the
-- incident (Spearman's rank correlation with the time of sending; its middles in the first and last third), and whether
-- the clocks of the hosts are compared.
WITH own AS (
    SELECT * FROM queue_waits WHERE queue = $queue AND service_name IS NOT DISTINCT FROM $service_name
),
placed AS (
    SELECT
        sent_nano,
        wait_nano,
        RANK() OVER (ORDER BY wait_nano) + (COUNT(*) OVER (PARTITION BY wait_nano) - 1) / 2.0 AS wait_rank,
        RANK() OVER (ORDER BY sent_nano) AS sent_rank,
        NTILE(3) OVER (ORDER BY sent_nano, span_number) AS third
    FROM own
    WHERE phase = 'incident'
),
growth AS (
    SELECT
        CORR(wait_rank, sent_rank) AS correlation,
        MEDIAN(wait_nano) FILTER (WHERE third = 1) AS wait_first_nano,
        MEDIAN(wait_nano) FILTER (WHERE third = 3) AS wait_last_nano,
        MEDIAN(sent_nano) FILTER (WHERE third = 1) AS first_nano,
        MEDIAN(sent_nano) FILTER (WHERE third = 3) AS last_nano,
        COUNT(*) AS messages
    FROM placed
)
SELECT
    g.*,
    (SELECT COUNT(*) FROM own WHERE phase = 'baseline') AS messages_before,
    (SELECT MEDIAN(work_nano) FROM own WHERE phase = 'incident') AS work_after,
    (SELECT MEDIAN(work_nano) FROM own WHERE phase = 'baseline') AS work_before,
    (SELECT COUNT(*) FROM own WHERE NOT is_compared) AS uncompared,
    (SELECT MAX(taken_nano) - MIN(taken_nano) FROM own) AS observed_nano
FROM growth AS g
