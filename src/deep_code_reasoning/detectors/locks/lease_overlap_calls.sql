-- lease_spans: the spans that name a lock, with what their attributes say (times and durations in nanoseconds).
-- A client's span that says nothing is told by its server's.
CREATE OR REPLACE TEMPORARY TABLE lease_spans AS
WITH flat AS (
    SELECT span_number, UNNEST(attributes) AS pair FROM spans WHERE ARRAY_LENGTH(attributes) > 0
),
said AS (
    SELECT
        f.span_number,
        MAX(CASE WHEN a.role = 'key' THEN f.pair.value END) AS key,
        MAX(CASE WHEN a.role = 'owner' THEN f.pair.value END) AS owner,
        MAX(CASE WHEN a.role = 'lease' THEN f.pair.value END) AS lease,
        MAX(CASE WHEN a.role = 'token' THEN f.pair.value END) AS token,
        MAX(CASE WHEN a.role = 'outcome' THEN f.pair.value END) AS outcome,
        MAX(CASE WHEN a.role = 'mode' THEN f.pair.value END) AS mode,
        MAX(CASE WHEN a.role = 'permits' THEN TRY_CAST(f.pair.value AS DOUBLE) END) AS permits,
        MAX(CASE WHEN a.role = 'ttl' THEN TRY_CAST(f.pair.value AS DOUBLE) * a.factor END) AS ttl_nano,
        MAX(CASE WHEN a.role = 'margin' THEN TRY_CAST(f.pair.value AS DOUBLE) * a.factor END) AS margin_nano,
        MAX(CASE WHEN a.role = 'expires' THEN TRY_CAST(f.pair.value AS DOUBLE) * a.factor END) AS expires_nano
    FROM flat AS f
    JOIN lease_attributes AS a ON a.key = f.pair.key
    GROUP BY f.span_number
),
told AS (
    SELECT * FROM said
    UNION ALL
    SELECT c.span_number, d.* EXCLUDE (span_number)
    FROM said AS d
    JOIN topology AS t ON t.span_number = d.span_number
    JOIN spans AS s ON s.span_number = d.span_number
    JOIN spans AS c ON c.span_number = t.parent_number
    WHERE s.kind = 'server' AND c.kind = 'client' AND c.span_number NOT IN (SELECT span_number FROM said)
),
worded AS (
    SELECT
        said.* EXCLUDE (ttl_nano, margin_nano, expires_nano),
        -- what is longer than three years or after the year 2096 is no time but an attack or another unit
        CASE WHEN ttl_nano BETWEEN 0 AND 1e17 THEN ttl_nano END AS ttl_nano,
        CASE WHEN margin_nano BETWEEN 0 AND 1e17 THEN margin_nano END AS margin_nano,
        CASE WHEN expires_nano BETWEEN 0 AND 4e18 THEN expires_nano END AS expires_nano,
        s.kind,
        s.service_name,
        s.host,
        s.name,
        s.start_time_unix_nano AS start_nano,
        s.start_time_unix_nano + s.duration_nano AS end_nano,
        s.status_code = 'error' AS failed,
        t.trace_number,
        t.parent_number,
        REGEXP_EXTRACT(COALESCE(s.rpc_method, s.db_operation_name, s.name), '[^./: ]+$') AS word
    FROM told AS said
    JOIN spans AS s ON s.span_number = said.span_number
    JOIN topology AS t ON t.span_number = said.span_number
    WHERE said.key IS NOT NULL
        AND COALESCE(permits, 1) <= 1
        AND NOT COALESCE(REGEXP_MATCHES(mode, $shared), FALSE)
)
SELECT
    worded.*,
    CASE
        WHEN kind NOT IN ('client', 'server') AND NOT REGEXP_MATCHES(name, $about) THEN 'section'
        WHEN REGEXP_MATCHES(word, $release) THEN 'release'
        WHEN REGEXP_MATCHES(word, $renew) THEN 'renew'
        WHEN REGEXP_MATCHES(word, $acquire) THEN 'acquire'
        WHEN kind IN ('client', 'server') THEN 'other'
        ELSE 'section'
    END AS operation,
    NOT (failed OR COALESCE(REGEXP_MATCHES(outcome, $refused), FALSE)) AS granted
FROM worded;

-- lease_calls: a row a call to the lock service, its two sides joined; the server's side is NULL where it has no span.
CREATE OR REPLACE TEMPORARY TABLE lease_calls AS
WITH inner_calls AS (
    SELECT DISTINCT child.parent_number AS span_number
    FROM lease_spans AS child
    JOIN lease_spans AS parent ON parent.span_number = child.parent_number AND parent.operation = child.operation
    WHERE child.kind <> 'server'
),
served AS (
    SELECT t.parent_number, MIN(s.span_number) AS server_number
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    WHERE s.kind = 'server' AND t.parent_number IN (SELECT span_number FROM lease_spans)
    GROUP BY t.parent_number
)
SELECT
    CASE WHEN c.operation = 'other' THEN l.operation ELSE c.operation END AS operation,
    c.trace_number,
    c.span_number AS client_number,
    c.service_name AS client_service,
    c.host AS client_host,
    c.start_nano AS client_start,
    c.end_nano AS client_end,
    s.span_number AS server_number,
    s.service_name AS server_service,
    s.host AS server_host,
    s.start_time_unix_nano AS server_start,
    s.start_time_unix_nano + s.duration_nano AS server_end,
    c.key,
    COALESCE(c.ttl_nano, l.ttl_nano) AS ttl_nano,
    COALESCE(c.margin_nano, l.margin_nano) AS margin_nano,
    COALESCE(l.expires_nano, c.expires_nano) AS expires_nano,
    c.granted AND COALESCE(l.granted, TRUE) AS granted
FROM lease_spans AS c
LEFT JOIN inner_calls AS i ON i.span_number = c.span_number
LEFT JOIN served AS v ON v.parent_number = c.span_number
LEFT JOIN spans AS s ON s.span_number = v.server_number
LEFT JOIN lease_spans AS l ON l.span_number = v.server_number
WHERE CASE WHEN c.operation = 'other' THEN l.operation ELSE c.operation END IN ('acquire', 'renew', 'release')
    AND c.kind <> 'server'
    AND i.span_number IS NULL;

-- lease_items: calls and critical sections in the order in which the holder's host saw them; every granted acquire
-- begins a new hold (numbered from 1 a key, trace and host). A section counts from its end, for it may wrap the acquire;
-- without an acquire it says nothing, for it may wrap the waiting, too.
CREATE OR REPLACE TEMPORARY TABLE lease_items AS
WITH items AS (
    SELECT
        operation, trace_number, client_number AS span_number, client_service AS service_name, client_host AS host,
        key, client_start AS start_nano, client_end AS end_nano, granted, ttl_nano, margin_nano,
        CASE WHEN operation = 'acquire' THEN client_end ELSE client_start END AS moment
    FROM lease_calls
    UNION ALL
    SELECT
        operation, trace_number, span_number, service_name, host, key, start_nano, end_nano, granted, ttl_nano,
        margin_nano, end_nano AS moment
    FROM lease_spans
    WHERE operation = 'section' AND kind = 'internal'
),
counted AS (
    SELECT
        items.*,
        COUNT(CASE WHEN operation = 'acquire' AND granted THEN 1 END) OVER (
            PARTITION BY key, trace_number, host
            ORDER BY moment, span_number
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS hold
    FROM items
)
SELECT *
FROM counted
WHERE hold > 0;
