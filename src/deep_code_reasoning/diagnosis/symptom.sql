-- Which traces show what, one row a trace of trace_outcomes.
--   at_entry   an error reached the entry
--   inside     a request failed at some service, whether or not a caller's retry or fallback saved the entry
--   at_service a request failed at $service
--   slow       the entry took longer than the baseline's 99th percentile (is_slow of trace_outcomes)
--   slower     the entry took longer than the baseline's 95th percentile (is_slower)
CREATE OR REPLACE TEMPORARY TABLE trace_symptoms AS
WITH failing AS (
    SELECT trace_number, MAX(CASE WHEN service_name = $service THEN 1 ELSE 0 END) AS at_service
    FROM failed_spans
    WHERE kind IN ('server', 'consumer') OR how = 'log'
    GROUP BY trace_number
)
SELECT
    o.trace_number,
    o.phase,
    o.has_error AS at_entry,
    o.has_error OR f.trace_number IS NOT NULL AS inside,
    COALESCE(f.at_service, 0) = 1 AS at_service,
    o.is_slow AS slow,
    o.is_slower AS slower
FROM trace_outcomes AS o
LEFT JOIN failing AS f ON f.trace_number = o.trace_number
