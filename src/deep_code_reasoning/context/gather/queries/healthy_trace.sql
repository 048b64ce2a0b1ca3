-- The healthy trace most like the given one: same entry operation, before the incident if there is one, of median length.
WITH exemplar AS (
    SELECT root_service, root_operation
    FROM trace_outcomes
    WHERE trace_id = $trace_id
    LIMIT 1
),
healthy AS (
    SELECT
        o.trace_id,
        o.phase = 'baseline' AS is_before,
        o.duration_nano,
        median(o.duration_nano) OVER (PARTITION BY o.phase = 'baseline') AS middle
    FROM trace_outcomes AS o
    JOIN exemplar AS e
        ON o.root_operation = e.root_operation AND o.root_service IS NOT DISTINCT FROM e.root_service
    WHERE NOT o.symptomatic AND NOT o.has_error AND o.trace_id <> $trace_id
)
SELECT trace_id
FROM healthy
ORDER BY is_before DESC, abs(duration_nano - middle), trace_id
LIMIT 1;
