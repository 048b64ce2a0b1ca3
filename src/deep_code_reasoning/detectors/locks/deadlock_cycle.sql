-- Waits for a lock beside the hold of it by another trace at the same time: who waited for whom, from when to when.
-- Only the $most longest waits. A hold that nobody gives back lasts until its trace ends.
WITH waits AS (
    SELECT *
    FROM lock_waits
    WHERE end_nano > start_nano AND phase <> 'outside'
    ORDER BY end_nano - start_nano DESC, span_number
    LIMIT $most
),
held AS (
    SELECT h.trace_number, h.key, h.from_nano, COALESCE(h.to_nano, o.start_time_unix_nano + o.duration_nano) AS to_nano
    FROM lock_holds AS h
    JOIN trace_outcomes AS o ON o.trace_number = h.trace_number
),
blocked AS (
    SELECT
        w.trace_number AS waiter,
        h.trace_number AS holder,
        w.key,
        GREATEST(w.start_nano, h.from_nano) AS from_nano,
        LEAST(w.end_nano, h.to_nano) AS to_nano,
        w.end_nano - w.start_nano AS wait_nano,
        w.span_number
    FROM waits AS w
    JOIN held AS h
        ON h.key = w.key
        AND h.trace_number <> w.trace_number
        AND h.from_nano < w.end_nano
        AND h.to_nano > w.start_nano
)
SELECT waiter, holder, key, from_nano, to_nano, wait_nano, span_number
FROM blocked
WHERE holder IN (SELECT waiter FROM blocked) AND waiter IN (SELECT holder FROM blocked)
ORDER BY waiter, holder, key, from_nano
