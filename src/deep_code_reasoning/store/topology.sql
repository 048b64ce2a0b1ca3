-- One row a span as it was sent: its ids as hashes (parent 0: none named), its times, its clock and whether anyone waits.
SELECT
    span_number,
    hash(trace_id) AS trace,
    hash(span_id) AS span,
    CASE WHEN parent_span_id <> '' THEN hash(parent_span_id) ELSE CAST(0 AS UBIGINT) END AS wanted,
    start_time_unix_nano AS start,
    duration_nano AS duration,
    hash(host) AS clock,
    CAST(CASE kind WHEN 'server' THEN 1 WHEN 'consumer' THEN 2 ELSE 0 END AS UTINYINT) AS kind
FROM spans
