-- How many traces there are, and how many of the incident's have a failed span.
SELECT
    COUNT(*) FILTER (WHERE phase = 'incident') AS incident_traces,
    COUNT(*) FILTER (WHERE phase = 'baseline') AS baseline_traces,
    COUNT(*) FILTER (WHERE symptomatic) AS symptomatic,
    COUNT(*) FILTER (WHERE NOT symptomatic) AS healthy,
    (SELECT COUNT(*) FROM error_origins WHERE phase = 'incident') AS failing_traces
FROM trace_outcomes
