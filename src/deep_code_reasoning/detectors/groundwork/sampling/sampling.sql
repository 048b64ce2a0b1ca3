-- sampled_traces: the traces with what the samplers say of themselves on their entry spans; weight is how many traces
-- one stands for, NULL where nobody says.
CREATE OR REPLACE TEMPORARY TABLE sampled_traces AS
WITH flat AS (
    SELECT t.trace_number, UNNEST(s.attributes) AS pair
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    WHERE t.parent_number IS NULL AND ARRAY_LENGTH(s.attributes) > 0
),
told AS (
    SELECT
        f.trace_number,
        MIN(CASE WHEN k.role = 'probability' THEN TRY_CAST(f.pair.value AS DOUBLE) END) AS probability,
        MIN(CASE WHEN k.role = 'count' THEN TRY_CAST(f.pair.value AS DOUBLE) END) AS count,
        MIN(CASE WHEN k.role = 'state' THEN f.pair.value END) AS state,
        MIN(CASE WHEN k.role = 'policy' THEN f.pair.value END) AS policy,
        MAX(CASE WHEN f.pair.key = 'sampler.type' THEN f.pair.value END) AS sampler
    FROM flat AS f
    JOIN sampling_attributes AS k ON k.key = f.pair.key
    GROUP BY f.trace_number
)
SELECT
    o.trace_number,
    o.trace_id,
    o.root_service,
    o.phase,
    CASE
        WHEN count >= 1 AND count < 1e9 THEN count
        -- what a rate-limiting sampler names is traces a second
        WHEN COALESCE(sampler, 'probabilistic') NOT IN ('probabilistic', 'traceidratio') THEN NULL
        WHEN probability > 1e-9 AND probability <= 1 THEN 1 / probability
        WHEN probability > 1 AND probability < 1e9 THEN probability
    END AS weight,
    NULLIF(REGEXP_EXTRACT(state, '(^|[,;:=])ot=([^,]*)', 2), '') AS state,
    policy
FROM trace_outcomes AS o
LEFT JOIN told AS t ON t.trace_number = o.trace_number;
