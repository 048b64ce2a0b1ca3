-- A row a hold, from when its holder knew of the lease until it gave it back, by the lock service's clock
-- (clock_lines: the holder's clock - the lock service's). The span is the critical section, else the acquire.
WITH holds AS (
    SELECT
        key, trace_number, host, hold,
        MIN(service_name) AS service_name,
        COALESCE(
            MIN(CASE WHEN operation = 'section' THEN span_number END),
            MIN(CASE WHEN operation = 'acquire' AND granted THEN span_number END)
        ) AS span_number,
        GREATEST(
            MIN(CASE WHEN operation = 'section' THEN start_nano END),
            MIN(CASE WHEN operation = 'acquire' AND granted THEN end_nano END)
        ) AS start_nano,
        LEAST(
            MAX(CASE WHEN operation = 'section' THEN end_nano END),
            MAX(CASE WHEN operation = 'release' THEN start_nano END)
        ) AS end_nano
    FROM lease_items
    GROUP BY key, trace_number, host, hold
),
corrected AS (
    SELECT
        h.*,
        c.error_nano,
        h.start_nano - CAST(c.offset_nano + c.drift_ppm * 1e-6 * (h.start_nano - c.at_unix_nano) AS BIGINT) AS begin_at,
        h.end_nano - CAST(c.offset_nano + c.drift_ppm * 1e-6 * (h.end_nano - c.at_unix_nano) AS BIGINT) AS end_at
    FROM holds AS h
    JOIN clock_lines AS c ON c.host = h.host
    WHERE h.start_nano < h.end_nano
),
swept AS (
    SELECT
        corrected.*,
        MAX(end_at + error_nano) OVER (
            PARTITION BY key ORDER BY begin_at, span_number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS others_until
    FROM corrected
),
crowded AS (
    SELECT key, COUNT(*) AS clashes
    FROM swept
    WHERE begin_at - error_nano < others_until
    GROUP BY key
    ORDER BY clashes DESC, key
    LIMIT $worst_keys
)
SELECT
    swept.key, swept.trace_number, swept.host, swept.hold, swept.service_name, swept.span_number, swept.begin_at,
    swept.end_at, swept.error_nano, s.trace_id, s.span_id
FROM swept
JOIN crowded ON crowded.key = swept.key
JOIN spans AS s ON s.span_number = swept.span_number
ORDER BY swept.key, swept.begin_at, swept.span_number;
