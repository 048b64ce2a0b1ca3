-- Stack traces of exceptions that an operation's spans hold.
SELECT s.service_name AS service, s.name AS operation, e.exception_stacktrace AS stack
FROM events AS e
JOIN spans AS s ON s.span_number = e.span_number
WHERE e.exception_stacktrace IS NOT NULL AND s.service_name IS NOT NULL
GROUP BY s.service_name, s.name, e.exception_stacktrace
ORDER BY service, operation, stack
LIMIT $most
