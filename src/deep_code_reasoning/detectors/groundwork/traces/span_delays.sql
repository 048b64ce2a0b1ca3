-- What each span took more than usual (or less: below 0), a row a row of span_times:
--   its columns, phase of its trace (trace_phases), and delay_nano = nano less the median of the baseline's rows with the
--   same service_name, callee, peer and operation (of all, where no baseline is given); nano where it holds none: all of
--   it is new.
CREATE OR REPLACE TEMPORARY TABLE trace_phases AS
SELECT
    trace_number,
    CASE
        WHEN CAST($incident_start AS BIGINT) IS NULL THEN 'incident'
        WHEN start_time_unix_nano >= $incident_start AND start_time_unix_nano < $incident_end THEN 'incident'
        WHEN start_time_unix_nano >= $baseline_start AND start_time_unix_nano < $baseline_end THEN 'baseline'
        ELSE 'outside'
    END AS phase
FROM trace_entries;

CREATE OR REPLACE TEMPORARY TABLE span_delays AS
WITH placed AS (
    SELECT s.*, p.phase
    FROM span_times AS s
    JOIN trace_phases AS p ON p.trace_number = s.trace_number
    WHERE p.phase <> 'outside'
),
usual AS (
    SELECT is_edge, service_name, callee, peer, operation, MEDIAN(nano) AS usual_nano
    FROM placed
    WHERE CAST($baseline_start AS BIGINT) IS NULL OR phase = 'baseline'
    GROUP BY is_edge, service_name, callee, peer, operation
)
SELECT p.*, p.nano - COALESCE(u.usual_nano, 0) AS delay_nano
FROM placed AS p
LEFT JOIN usual AS u
    ON u.is_edge = p.is_edge
    AND u.service_name IS NOT DISTINCT FROM p.service_name
    AND u.callee IS NOT DISTINCT FROM p.callee
    AND u.peer IS NOT DISTINCT FROM p.peer
    AND u.operation IS NOT DISTINCT FROM p.operation;
