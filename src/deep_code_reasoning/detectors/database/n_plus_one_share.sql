-- What the additional calls of one statement below one operation made traces wait, and what the entries became slower by
-- (entry_increases), both in ns a trace of the incident. Calls side by side are waited for together.
WITH entry AS (
    SELECT SUM(after) AS traces, SUM(added_nano) AS added_nano FROM entry_increases
),
waited AS (
    SELECT
        o.root_service,
        o.root_operation,
        COALESCE(SUM(LEAST(r.call_nano, r.last_nano - r.first_nano)) FILTER (WHERE o.phase = 'incident'), 0) AS after,
        COALESCE(SUM(LEAST(r.call_nano, r.last_nano - r.first_nano)) FILTER (WHERE o.phase = 'baseline'), 0) AS before
    FROM repeated_calls AS r
    JOIN trace_outcomes AS o ON o.trace_number = r.trace_number
    JOIN spans AS p ON p.span_number = r.parent_number
    WHERE p.service_name IS NOT DISTINCT FROM $service_name AND p.name = $operation AND r.statement = $statement
    GROUP BY o.root_service, o.root_operation
)
SELECT
    SUM(w.after - w.before * e.after / e.before) / MAX(n.traces) AS added_nano,
    MAX(n.added_nano) / MAX(n.traces) AS entry_added_nano
FROM waited AS w
JOIN entry_increases AS e
    ON e.root_service IS NOT DISTINCT FROM w.root_service AND e.root_operation = w.root_operation
CROSS JOIN entry AS n
