-- One row a span as it was sent: its ids as numbers (parent 0: none named), its times, its clock and whether anyone waits.
-- Not hash(text): DuckDB's is the same for many texts made of repeated halves, as 64-bit ids written twice are. Ids that
-- are not hexadecimal, which no reader lets through, would have it nonetheless.
WITH hosts AS (
    SELECT host, ROW_NUMBER() OVER (ORDER BY host) AS number FROM (SELECT DISTINCT host FROM spans) AS named
)
SELECT
    s.span_number,
    hash(
        COALESCE(TRY_CAST('0x' || SUBSTRING(s.trace_id, 1, 16) AS UBIGINT), hash(s.trace_id)),
        COALESCE(TRY_CAST('0x' || SUBSTRING(s.trace_id, 17) AS UBIGINT), 0)
    ) AS trace,
    COALESCE(TRY_CAST('0x' || s.span_id AS UBIGINT), hash(s.span_id)) AS span,
    CASE
        WHEN s.parent_span_id <> '' THEN COALESCE(TRY_CAST('0x' || s.parent_span_id AS UBIGINT), hash(s.parent_span_id))
        ELSE CAST(0 AS UBIGINT)
    END AS wanted,
    s.start_time_unix_nano AS start,
    s.duration_nano AS duration,
    CAST(COALESCE(h.number, 0) AS UINTEGER) AS clock,
    CAST(CASE s.kind WHEN 'server' THEN 1 WHEN 'consumer' THEN 2 ELSE 0 END AS UTINYINT) AS kind
FROM spans AS s
LEFT JOIN hosts AS h ON h.host = s.host
