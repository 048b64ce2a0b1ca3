-- Deadlines that the spans of one edge's calls themselves name (timeout_attributes), in nanoseconds: the caller's from
-- its client spans, the callee's from its server spans and from the calls that it makes in turn.
WITH edge AS (
    SELECT span_number, answer_number
    FROM timed_calls
    WHERE is_given_up
        AND phase = 'incident'
        AND caller IS NOT DISTINCT FROM $caller
        AND operation = $operation
        AND callee IS NOT DISTINCT FROM $callee
),
sides AS (
    SELECT 'caller' AS side, span_number FROM edge
    UNION ALL
    SELECT 'callee' AS side, answer_number AS span_number FROM edge
    UNION ALL
    SELECT 'callee' AS side, t.span_number
    FROM edge AS e
    JOIN topology AS t ON t.parent_number = e.answer_number
    JOIN spans AS s ON s.span_number = t.span_number AND s.kind = 'client'
),
flat AS (
    SELECT x.side, UNNEST(s.attributes) AS pair
    FROM sides AS x
    JOIN spans AS s ON s.span_number = x.span_number
    WHERE ARRAY_LENGTH(s.attributes) > 0
)
SELECT f.side, MEDIAN(TRY_CAST(f.pair.value AS DOUBLE) * v.factor) AS deadline_nano
FROM flat AS f
JOIN timeout_attributes AS v ON v.key = f.pair.key
WHERE TRY_CAST(f.pair.value AS DOUBLE) > 0
GROUP BY f.side
