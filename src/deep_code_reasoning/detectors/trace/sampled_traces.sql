-- A trace of each entry service to look at.
SELECT root_service, MIN(trace_id) AS example FROM trace_outcomes GROUP BY root_service ORDER BY root_service;
