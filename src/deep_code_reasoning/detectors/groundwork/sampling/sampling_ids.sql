-- The random part of the ids of at most $most traces of each entry service and phase, evenly chosen.
SELECT root_service, phase, SUBSTRING(trace_id, 17, 16) AS id
FROM (
    SELECT
        sampled_traces.*,
        ROW_NUMBER() OVER (PARTITION BY root_service, phase ORDER BY trace_number) AS place,
        COUNT(*) OVER (PARTITION BY root_service, phase) AS traces
    FROM sampled_traces
    WHERE LENGTH(trace_id) = 32
) AS numbered
WHERE traces <= $most OR place * $most % traces < $most
ORDER BY root_service, phase;
