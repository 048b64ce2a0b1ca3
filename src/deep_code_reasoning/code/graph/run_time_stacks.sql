-- Stack traces of exceptions, the most frequent first. One that a span's event and a log of that span both hold counts
-- once; records without a span count each.
WITH seen AS (
    SELECT e.exception_stacktrace AS stack, s.trace_id AS trace_id, s.span_id AS span_id, NULL AS log_number
    FROM events AS e
    JOIN spans AS s ON s.span_number = e.span_number
    WHERE e.exception_stacktrace IS NOT NULL
    UNION
    SELECT
        exception_stacktrace,
        CASE WHEN span_id IS NOT NULL THEN trace_id END,
        span_id,
        CASE WHEN trace_id IS NULL OR span_id IS NULL THEN log_number END
    FROM logs
    WHERE exception_stacktrace IS NOT NULL
)
SELECT stack, count(*) AS "count"
FROM seen
GROUP BY stack
ORDER BY "count" DESC, stack
LIMIT $most
