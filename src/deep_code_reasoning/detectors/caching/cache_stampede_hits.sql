-- What the cache lookups of one service say of hits, by phase (cache_attributes names the attributes).
WITH flat AS (
    SELECT s.span_number, UNNEST(s.attributes) AS pair
    FROM spans AS s
    WHERE s.service_name IS NOT DISTINCT FROM $service_name AND ARRAY_LENGTH(s.attributes) > 0
)
SELECT
    COUNT(*) FILTER (WHERE o.phase = 'incident') AS lookups,
    COUNT(*) FILTER (WHERE o.phase = 'incident' AND REGEXP_MATCHES(f.pair.value, $hits)) AS hits,
    COUNT(*) FILTER (WHERE o.phase = 'baseline') AS lookups_before,
    COUNT(*) FILTER (WHERE o.phase = 'baseline' AND REGEXP_MATCHES(f.pair.value, $hits)) AS hits_before
FROM flat AS f
JOIN cache_attributes AS c ON c.key = f.pair.key
JOIN topology AS t ON t.span_number = f.span_number
JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
