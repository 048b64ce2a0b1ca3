-- Repeated calls below one span, in three temporary tables.
-- call_spans: the calls and the text of what each asks for; call_statements: those texts with literals masked.
-- repeated_calls: a row a parent span and statement: parent_number, statement, calls, first and last instant, call time.
-- The parent is the nearest span above that is no wrapper (an internal span with this one child: frameworks put
-- repository and driver spans around each call), up to three levels. Calls that failed are left out: repeating those is
-- a retry.
CREATE OR REPLACE TEMPORARY TABLE call_spans AS
SELECT
    s.span_number,
    s.duration_nano,
    t.trace_number,
    t.parent_number,
    t.start_time_unix_nano,
    t.end_time_unix_nano,
    COALESCE(
        s.db_query_text,
        s.db_operation_name || ' ' || COALESCE(s.db_collection_name, s.db_namespace, ''),
        s.rpc_service || '/' || s.rpc_method,
        s.http_request_method || ' ' || COALESCE(
            s.server_address || COALESCE(s.http_route, s.url_path),
            s.url_full,
            COALESCE(s.server_address, '') || COALESCE(s.http_route, s.url_path, s.name)
        ),
        s.name
    ) AS text
FROM spans AS s
JOIN topology AS t ON t.span_number = s.span_number
WHERE (s.kind = 'client' OR s.db_system_name IS NOT NULL)
    AND s.status_code <> 'error'
    AND t.parent_number IS NOT NULL;

CREATE OR REPLACE TEMPORARY TABLE call_statements AS
SELECT
    text,
    REGEXP_REPLACE(
        REGEXP_REPLACE(
            REGEXP_REPLACE(
                REGEXP_REPLACE(
                    REGEXP_REPLACE(SUBSTRING(text, 1, 2000), '''(?:[^'']|'''')*''', '?', 'g'),
                    '\b0x[0-9a-fA-F]+\b|\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b|\b[0-9a-fA-F]{16,}\b', '?', 'g'
                ),
                '\b\d+(?:\.\d+)?\b|\$\d+', '?', 'g'
            ),
            '\(\s*\?(?:\s*,\s*\?)+\s*\)', '(?)', 'g'
        ),
        '\s+', ' ', 'g'
    ) AS statement
FROM (SELECT DISTINCT text FROM call_spans);

CREATE OR REPLACE TEMPORARY TABLE repeated_calls AS
WITH wrappers AS (
    SELECT t.span_number, t.parent_number
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    JOIN (SELECT parent_number FROM topology GROUP BY parent_number HAVING COUNT(*) = 1) AS single
        ON single.parent_number = t.span_number
    WHERE s.kind IN ('internal', 'unspecified') AND t.parent_number IS NOT NULL
),
calls AS (
    SELECT
        c.span_number,
        c.duration_nano,
        c.start_time_unix_nano,
        c.end_time_unix_nano,
        c.trace_number,
        COALESCE(w3.parent_number, w2.parent_number, w1.parent_number, c.parent_number) AS parent_number,
        x.statement
    FROM call_spans AS c
    JOIN call_statements AS x ON x.text = c.text
    LEFT JOIN wrappers AS w1 ON w1.span_number = c.parent_number
    LEFT JOIN wrappers AS w2 ON w2.span_number = w1.parent_number
    LEFT JOIN wrappers AS w3 ON w3.span_number = w2.parent_number
)
SELECT
    parent_number,
    trace_number,
    statement,
    COUNT(*) AS calls,
    SUM(duration_nano) AS call_nano,
    MIN(start_time_unix_nano) AS first_nano,
    MAX(end_time_unix_nano) AS last_nano,
    MIN(span_number) AS span_number
FROM calls
GROUP BY parent_number, trace_number, statement;
