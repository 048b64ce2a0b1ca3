-- orphan_traces: traces with a span whose parent was named and not found, by the service that wrote it
-- (and the other traces of such services).
CREATE OR REPLACE TEMPORARY TABLE orphan_traces AS
SELECT s.service_name AS parent_service, o.trace_number, o.phase, MAX(CASE WHEN t.is_orphan THEN 1 ELSE 0 END) AS orphaned
FROM topology AS t
JOIN spans AS s ON s.span_number = t.span_number
JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
WHERE o.phase <> 'outside'
    AND s.service_name IN (
        SELECT lone.service_name
        FROM topology AS place
        JOIN spans AS lone ON lone.span_number = place.span_number
        WHERE place.is_orphan
    )
GROUP BY s.service_name, o.trace_number, o.phase;

WITH callers AS (
    SELECT caller, callee, ROW_NUMBER() OVER (PARTITION BY callee ORDER BY calls DESC, caller) AS place
    FROM (
        SELECT p.service_name AS caller, c.service_name AS callee, COUNT(*) AS calls
        FROM topology AS t
        JOIN spans AS c ON c.span_number = t.span_number
        JOIN spans AS p ON p.span_number = t.parent_number
        WHERE p.service_name <> c.service_name
            AND c.service_name IN (SELECT parent_service FROM orphan_traces)
        GROUP BY p.service_name, c.service_name
    ) AS counted
)
SELECT
    o.parent_service,
    '' AS parent_operation,
    MIN(c.caller) AS child_service,
    '' AS child_operation,
    '' AS address,
    COUNT(*) FILTER (WHERE o.phase = 'incident') AS after,
    COUNT(*) FILTER (WHERE o.phase = 'incident' AND o.orphaned = 0) AS after_with,
    COUNT(*) FILTER (WHERE o.phase = 'baseline') AS before,
    COUNT(*) FILTER (WHERE o.phase = 'baseline' AND o.orphaned = 0) AS before_with
FROM orphan_traces AS o
LEFT JOIN callers AS c ON c.callee = o.parent_service AND c.place = 1
GROUP BY o.parent_service
HAVING MAX(o.orphaned) = 1
ORDER BY o.parent_service;
