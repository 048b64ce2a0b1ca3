-- One row a trace: what its entry span says of it. The entry is the span without parent that starts first
-- (in a trace whose root was not read: the orphan that starts first); times by its host's clock.
--   trace_number, trace_id
--   root_service, root_operation    the entry span's service and name
--   start_time_unix_nano, duration_nano   of the entry span
--   has_error      an error reached the entry span (status error, or HTTP 5xx)
--   is_slow        the entry took longer than the 99th percentile of the same service and name in the baseline
--                  (over all traces where no baseline is given); false where the baseline holds none to compare with
--   phase          baseline, incident or outside, by the entry's start; without windows every trace is of the incident
--   symptomatic    in the incident phase and has_error or is_slow
CREATE OR REPLACE TEMPORARY TABLE trace_outcomes AS
WITH tops AS (
    SELECT
        t.trace_number,
        s.trace_id,
        s.service_name AS root_service,
        s.name AS root_operation,
        s.start_time_unix_nano,
        s.duration_nano,
        COALESCE(s.status_code = 'error' OR s.http_response_status_code >= 500, FALSE) AS has_error,
        ROW_NUMBER() OVER (
            PARTITION BY t.trace_number
            ORDER BY t.is_orphan, s.start_time_unix_nano, t.span_number
        ) AS place
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    WHERE t.parent_number IS NULL
),
phased AS (
    SELECT
        tops.*,
        CASE
            WHEN CAST($incident_start AS BIGINT) IS NULL THEN 'incident'
            WHEN start_time_unix_nano >= $incident_start AND start_time_unix_nano < $incident_end THEN 'incident'
            WHEN start_time_unix_nano >= $baseline_start AND start_time_unix_nano < $baseline_end THEN 'baseline'
            ELSE 'outside'
        END AS phase
    FROM tops
    WHERE place = 1
),
usual AS (
    SELECT root_service, root_operation, QUANTILE_CONT(duration_nano, 0.99) AS limit_nano
    FROM phased
    WHERE CAST($baseline_start AS BIGINT) IS NULL OR phase = 'baseline'
    GROUP BY root_service, root_operation
)
SELECT
    p.trace_number,
    p.trace_id,
    p.root_service,
    p.root_operation,
    p.start_time_unix_nano,
    p.duration_nano,
    p.has_error,
    COALESCE(p.duration_nano > u.limit_nano, FALSE) AS is_slow,
    p.phase,
    p.phase = 'incident' AND (p.has_error OR COALESCE(p.duration_nano > u.limit_nano, FALSE)) AS symptomatic
FROM phased AS p
LEFT JOIN usual AS u
    ON u.root_service IS NOT DISTINCT FROM p.root_service AND u.root_operation = p.root_operation;
