SELECT e.span_number, concat(e.exception_type, ': ', coalesce(e.exception_message, '')) AS error
FROM events AS e
JOIN spans AS s ON s.span_number = e.span_number
WHERE s.trace_id = $trace_id AND e.exception_type IS NOT NULL
ORDER BY e.span_number, e.time_unix_nano;
