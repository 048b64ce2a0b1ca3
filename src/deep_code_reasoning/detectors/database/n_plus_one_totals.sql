-- The columns of the two-by-two table that do not depend on the pattern.
SELECT
    COUNT(*) FILTER (WHERE symptomatic) AS symptomatic,
    COUNT(*) FILTER (WHERE NOT symptomatic) AS healthy
FROM trace_outcomes
