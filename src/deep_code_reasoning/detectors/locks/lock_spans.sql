-- Who waited for which exclusive lock, and how long it was held then, each in its host's clock.
-- lock_waits: a row an acquire by its caller: span_number, trace_number, phase, symptomatic, service_name, host, key,
--   start_nano, end_nano, is_granted
-- lock_holds: the wait's columns that name it, from_nano (the grant) and to_nano: when the same trace gave the key back
--   (a release begins, or a span of the critical section ends); NULL where no span tells
CREATE TEMPORARY TABLE IF NOT EXISTS lock_spans AS
WITH flat AS (
    SELECT span_number, UNNEST(attributes) AS pair FROM spans WHERE ARRAY_LENGTH(attributes) > 0
),
said AS (
    SELECT
        f.span_number,
        MAX(CASE WHEN a.role = 'key' THEN f.pair.value END) AS key,
        MAX(CASE WHEN a.role = 'outcome' THEN f.pair.value END) AS outcome,
        MAX(CASE WHEN a.role = 'mode' THEN f.pair.value END) AS mode,
        MAX(CASE WHEN a.role = 'permits' THEN TRY_CAST(f.pair.value AS DOUBLE) END) AS permits
    FROM flat AS f
    JOIN lease_attributes AS a ON a.key = f.pair.key
    GROUP BY f.span_number
),
callers AS (
    -- a caller's span that says nothing is told by its server's
    SELECT
        CASE WHEN s.kind = 'server' AND p.kind = 'client' THEN p.span_number ELSE s.span_number END AS span_number,
        d.key,
        d.outcome
    FROM said AS d
    JOIN spans AS s ON s.span_number = d.span_number
    JOIN topology AS t ON t.span_number = d.span_number
    LEFT JOIN spans AS p ON p.span_number = t.parent_number
    WHERE d.key IS NOT NULL
        AND COALESCE(d.permits, 1) <= 1
        AND NOT COALESCE(REGEXP_MATCHES(d.mode, $shared), FALSE)
),
known AS (
    SELECT span_number, MAX(key) AS key, MAX(outcome) AS outcome FROM callers GROUP BY span_number
),
worded AS (
    SELECT
        k.*,
        t.trace_number,
        t.start_time_unix_nano AS start_nano,
        t.end_time_unix_nano AS end_nano,
        s.service_name,
        s.host,
        s.kind,
        s.name,
        s.status_code = 'error' AS has_failed,
        REGEXP_EXTRACT(COALESCE(s.rpc_method, s.db_operation_name, s.name), '[^./: ]+$') AS word
    FROM known AS k
    JOIN spans AS s ON s.span_number = k.span_number
    JOIN topology AS t ON t.span_number = k.span_number
    WHERE s.kind <> 'server'
)
SELECT
    w.*,
    CASE
        WHEN w.kind <> 'client' AND NOT REGEXP_MATCHES(w.name, $about) THEN 'section'
        WHEN REGEXP_MATCHES(w.word, $release) THEN 'release'
        WHEN REGEXP_MATCHES(w.word, $renew) THEN 'renew'
        WHEN REGEXP_MATCHES(w.word, $acquire) THEN 'acquire'
        WHEN w.kind = 'client' THEN 'other'
        ELSE 'section'
    END AS operation,
    NOT (w.has_failed OR COALESCE(REGEXP_MATCHES(w.outcome, $refused), FALSE)) AS is_granted
FROM worded AS w;

CREATE OR REPLACE TEMPORARY TABLE lock_waits AS
SELECT
    l.span_number, l.trace_number, o.phase, o.symptomatic, l.service_name, l.host, l.key, l.start_nano, l.end_nano, l.is_granted
FROM lock_spans AS l
JOIN trace_outcomes AS o ON o.trace_number = l.trace_number
WHERE l.operation = 'acquire';

CREATE OR REPLACE TEMPORARY TABLE lock_holds AS
WITH backs AS (
    SELECT
        w.span_number,
        MIN(CASE WHEN r.operation = 'release' THEN r.start_nano ELSE r.end_nano END) AS to_nano
    FROM lock_waits AS w
    JOIN lock_spans AS r
        ON r.trace_number = w.trace_number
        AND r.key = w.key
        AND r.host IS NOT DISTINCT FROM w.host
        AND r.operation IN ('release', 'section')
        AND r.start_nano >= w.end_nano
    WHERE w.is_granted
    GROUP BY w.span_number
)
SELECT w.span_number, w.trace_number, w.phase, w.service_name, w.host, w.key, w.end_nano AS from_nano, b.to_nano
FROM lock_waits AS w
LEFT JOIN backs AS b ON b.span_number = w.span_number
WHERE w.is_granted;
