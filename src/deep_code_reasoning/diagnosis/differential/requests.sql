-- Which requests are compared (read from trace_outcomes), by what was asked and how slow each was beside its like:
-- differential_requests(trace_number, entry_span, asked, is_incident, in_tail_95, in_tail_99), `asked` a number for each
-- entry operation and variant of it; differential_frames(frame, service_name, name).
-- A variant is what tells requests to one entry operation apart by what was asked, never by how they ended: method and
-- route, RPC or destination, and behind a router the operation it passes them to. A router is an entry operation whose
-- requests (but one in a hundred) reach one other service each in the baseline, and not all the same operation.
CREATE OR REPLACE TEMPORARY TABLE differential_requests AS
WITH entries AS (
    SELECT
        o.trace_number,
        r.span_number AS entry_span,
        COALESCE(s.service_name, '') AS service_name,
        s.name,
        COALESCE(s.http_request_method, '') AS method,
        COALESCE(s.http_route, s.rpc_service || '/' || s.rpc_method, s.messaging_destination_name, '') AS route,
        o.phase = 'incident' AS is_incident,
        s.duration_nano
    FROM trace_outcomes AS o
    JOIN trace_roots AS r ON r.trace_number = o.trace_number
    JOIN spans AS s ON s.span_number = r.span_number
    WHERE o.phase <> 'outside'
),
reached AS (
    SELECT
        e.trace_number,
        MIN(callee.service_name || ' ' || callee.name) AS callee,
        COUNT(DISTINCT callee.service_name || ' ' || callee.name) AS callees
    FROM entries AS e
    JOIN topology AS t ON t.trace_number = e.trace_number
    JOIN spans AS callee ON callee.span_number = t.span_number
    JOIN spans AS caller ON caller.span_number = t.parent_number
    WHERE caller.service_name = e.service_name AND callee.service_name <> e.service_name
    GROUP BY e.trace_number
),
routers AS (
    SELECT e.service_name, e.name
    FROM entries AS e
    LEFT JOIN reached AS r ON r.trace_number = e.trace_number
    WHERE NOT e.is_incident
    GROUP BY e.service_name, e.name
    HAVING AVG(CASE WHEN r.callees > 1 THEN 1.0 ELSE 0.0 END) <= 0.01 AND COUNT(DISTINCT r.callee) > 1
),
placed AS (
    SELECT
        e.*,
        DENSE_RANK() OVER (
            ORDER BY e.service_name, e.name, e.method, e.route,
            CASE WHEN a.name IS NULL THEN '' ELSE COALESCE(r.callee, '') END
        ) AS asked,
        ROW_NUMBER() OVER (
            PARTITION BY e.service_name, e.name, e.is_incident ORDER BY e.duration_nano DESC, e.trace_number
        ) AS place,
        COUNT(*) OVER (PARTITION BY e.service_name, e.name, e.is_incident) AS requests
    FROM entries AS e
    LEFT JOIN reached AS r ON r.trace_number = e.trace_number
    LEFT JOIN routers AS a ON a.service_name = e.service_name AND a.name = e.name
)
SELECT
    trace_number,
    entry_span,
    asked,
    is_incident,
    place <= CEIL(requests * 0.05) AS in_tail_95,
    place <= CEIL(requests * 0.01) AS in_tail_99
FROM placed;

CREATE OR REPLACE TEMPORARY TABLE differential_frames AS
SELECT ROW_NUMBER() OVER (ORDER BY service_name, name) - 1 AS frame, service_name, name
FROM (SELECT DISTINCT COALESCE(service_name, '') AS service_name, name FROM spans) AS distinct_frames;
