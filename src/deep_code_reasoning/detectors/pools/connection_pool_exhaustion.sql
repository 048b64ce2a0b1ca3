-- Waiting for a connection, a value a trace and service: latency_subjects(subject_number, service_name, host, peer, form)
-- and latency_samples(subject_number, trace_number, phase, value_nano, total_nano, delay_nano,
-- span_number).
--   form   span   the time of spans that wrap the waiting, by their names
--          gap    from the start of the service's only entry span in the trace to its first database call
-- pool_holds(subject_number, trace_number, phase, in_use, hold_nano): for each gap, how many requests of the same service
-- and host were between their first and last call to that database when it got its turn, itself included.
CREATE OR REPLACE TEMPORARY TABLE pool_waits AS
WITH names AS (
    SELECT name FROM (SELECT DISTINCT name FROM spans) AS known WHERE REGEXP_MATCHES(name, $waits)
),
waiting AS (
    SELECT
        s.service_name,
        s.host,
        CAST(NULL AS VARCHAR) AS peer,
        'span' AS form,
        t.trace_number,
        SUM(s.duration_nano) AS value_nano,
        MIN(s.span_number) AS span_number,
        CAST(NULL AS BIGINT) AS first_nano,
        CAST(NULL AS BIGINT) AS last_nano
    FROM spans AS s
    JOIN names AS n ON n.name = s.name
    JOIN topology AS t ON t.span_number = s.span_number
    WHERE s.kind IN ('internal', 'client', 'unspecified') AND s.db_query_text IS NULL
    GROUP BY s.service_name, s.host, t.trace_number
),
entries AS (
    SELECT
        t.trace_number,
        s.service_name,
        s.host,
        COUNT(*) AS entries,
        MIN(s.span_number) AS span_number,
        MIN(s.start_time_unix_nano) AS start_nano
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    LEFT JOIN spans AS p ON p.span_number = t.parent_number
    WHERE s.kind IN ('server', 'consumer')
        OR p.span_number IS NULL
        OR p.service_name IS DISTINCT FROM s.service_name
    GROUP BY t.trace_number, s.service_name, s.host
),
calls AS (
    SELECT
        t.trace_number,
        s.service_name,
        s.host,
        'db:' || s.db_system_name || COALESCE('/' || s.db_namespace, '') AS peer,
        MIN(t.start_time_unix_nano) AS first_nano,
        MAX(t.end_time_unix_nano) AS last_nano
    FROM spans AS s
    JOIN topology AS t ON t.span_number = s.span_number
    LEFT JOIN names AS n ON n.name = s.name
    WHERE s.db_system_name IS NOT NULL AND n.name IS NULL AND s.kind NOT IN ('server', 'consumer')
    GROUP BY t.trace_number, s.service_name, s.host, 'db:' || s.db_system_name || COALESCE('/' || s.db_namespace, '')
)
SELECT * FROM waiting
UNION ALL
SELECT
    c.service_name,
    c.host,
    c.peer,
    'gap' AS form,
    c.trace_number,
    c.first_nano - e.start_nano AS value_nano,
    e.span_number,
    c.first_nano,
    c.last_nano
FROM calls AS c
JOIN entries AS e
    ON e.trace_number = c.trace_number
    AND e.service_name IS NOT DISTINCT FROM c.service_name
    AND e.host IS NOT DISTINCT FROM c.host
WHERE e.entries = 1 AND c.first_nano >= e.start_nano;

CREATE OR REPLACE TEMPORARY TABLE latency_subjects AS
SELECT
    ROW_NUMBER() OVER (ORDER BY form, service_name, host, peer) AS subject_number,
    service_name,
    host,
    peer,
    form
FROM (SELECT DISTINCT service_name, host, peer, form FROM pool_waits) AS keys;

CREATE OR REPLACE TEMPORARY TABLE latency_samples AS
SELECT
    k.subject_number,
    w.trace_number,
    o.phase,
    w.value_nano,
    w.value_nano AS total_nano,
    w.value_nano
    - COALESCE(MEDIAN(CASE WHEN o.phase = 'baseline' THEN w.value_nano END) OVER (PARTITION BY k.subject_number), 0)
        AS delay_nano,
    w.span_number
FROM pool_waits AS w
JOIN latency_subjects AS k
    ON k.form = w.form
    AND k.service_name IS NOT DISTINCT FROM w.service_name
    AND k.host IS NOT DISTINCT FROM w.host
    AND k.peer IS NOT DISTINCT FROM w.peer
JOIN trace_outcomes AS o ON o.trace_number = w.trace_number
WHERE o.phase IN ('incident', 'baseline');

CREATE OR REPLACE TEMPORARY TABLE pool_holds AS
WITH steps AS (
    SELECT service_name, host, peer, trace_number, first_nano AS at_nano, 1 AS step FROM pool_waits WHERE form = 'gap'
    UNION ALL
    SELECT service_name, host, peer, trace_number, last_nano AS at_nano, -1 AS step FROM pool_waits WHERE form = 'gap'
),
swept AS (
    SELECT
        steps.*,
        SUM(step) OVER (
            PARTITION BY service_name, host, peer ORDER BY at_nano, step, trace_number
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS in_use
    FROM steps
)
SELECT k.subject_number, w.trace_number, x.in_use, w.last_nano - w.first_nano AS hold_nano
FROM swept AS x
JOIN latency_subjects AS k
    ON k.form = 'gap'
    AND k.service_name IS NOT DISTINCT FROM x.service_name
    AND k.host IS NOT DISTINCT FROM x.host
    AND k.peer IS NOT DISTINCT FROM x.peer
JOIN pool_waits AS w
    ON w.form = 'gap'
    AND w.trace_number = x.trace_number
    AND w.service_name IS NOT DISTINCT FROM x.service_name
    AND w.host IS NOT DISTINCT FROM x.host
    AND w.peer IS NOT DISTINCT FROM x.peer
WHERE x.step = 1;
