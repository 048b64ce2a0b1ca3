-- Work that a cache could spare, in temporary tables.
-- cache_runs: a row a run (a read of a database that is no cache, an HTTP GET, an internal span that computes):
--   work_number, span_number, trace_number, phase, symptomatic, start, end, is_repeated: another trace's run of the same
--   work had begun and was not done. burst_number counts the stretches without a pause in which runs of it follow.
-- cache_work: what work_number stands for: service_name, text (with its literals: the same text is the same work), peer.
CREATE OR REPLACE TEMPORARY TABLE cache_candidates AS
SELECT
    span_number,
    service_name,
    CASE
        WHEN db_system_name IS NOT NULL
            THEN COALESCE(
                db_query_text,
                db_operation_name || ' ' || COALESCE(db_collection_name, db_namespace, ''),
                name
            )
        WHEN kind = 'client'
            THEN 'GET ' || COALESCE(url_full, COALESCE(server_address, '') || COALESCE(url_path, http_route, name))
        ELSE name
    END AS text,
    CASE
        WHEN db_system_name IS NOT NULL THEN 'db:' || db_system_name || COALESCE('/' || db_namespace, '')
        WHEN kind = 'client' THEN server_address
    END AS peer,
    CASE WHEN db_system_name IS NOT NULL THEN db_system_name ELSE '' END AS system,
    kind = 'internal' AND db_system_name IS NULL AS is_internal
FROM spans
WHERE (db_system_name IS NOT NULL AND kind <> 'server')
    OR (kind = 'client' AND http_request_method = 'GET')
    OR kind = 'internal';

CREATE OR REPLACE TEMPORARY TABLE cache_work AS
SELECT
    ROW_NUMBER() OVER (ORDER BY service_name, text, peer, is_internal) AS work_number,
    service_name,
    text,
    peer,
    is_internal
FROM (
    SELECT service_name, text, peer, system, is_internal
    FROM cache_candidates
    GROUP BY service_name, text, peer, system, is_internal
    HAVING COUNT(*) > $fewest
) AS often
WHERE REGEXP_MATCHES(text, CASE WHEN is_internal THEN $computes ELSE $reads END)
    AND NOT REGEXP_MATCHES(system, $caches);

CREATE OR REPLACE TEMPORARY TABLE cache_runs AS
WITH placed AS (
    SELECT
        w.work_number,
        c.span_number,
        t.trace_number,
        o.phase,
        o.symptomatic,
        o.root_service,
        o.root_operation,
        t.start_time_unix_nano,
        t.end_time_unix_nano
    FROM cache_candidates AS c
    JOIN cache_work AS w
        ON w.service_name IS NOT DISTINCT FROM c.service_name
        AND w.text = c.text
        AND w.peer IS NOT DISTINCT FROM c.peer
        AND w.is_internal = c.is_internal
    JOIN topology AS t ON t.span_number = c.span_number
    JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
    WHERE o.phase <> 'outside'
),
judged AS (
    SELECT
        placed.*,
        COALESCE(
            start_time_unix_nano < MAX(end_time_unix_nano) OVER before
            AND trace_number <> LAG(trace_number) OVER in_order,
            FALSE
        ) AS is_repeated
    FROM placed
    WINDOW
        in_order AS (PARTITION BY work_number ORDER BY start_time_unix_nano, span_number),
        before AS (
            PARTITION BY work_number ORDER BY start_time_unix_nano, span_number
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
)
SELECT
    judged.*,
    SUM(CASE WHEN is_repeated THEN 0 ELSE 1 END) OVER (
        PARTITION BY work_number ORDER BY start_time_unix_nano, span_number
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS burst_number
FROM judged;
