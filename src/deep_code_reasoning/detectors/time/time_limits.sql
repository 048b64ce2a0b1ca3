-- The shortest time limit that spans of each host name in their attributes, in milliseconds.
SELECT host, name, MIN(value) AS limit_ms
FROM (
    SELECT host, pair.key AS name, TRY_CAST(pair.value AS DOUBLE) AS value
    FROM (SELECT host, UNNEST(attributes) AS pair FROM spans WHERE ARRAY_LENGTH(attributes) > 0) AS flat
    WHERE REGEXP_MATCHES(pair.key, $pattern)
) AS limits
WHERE value > 0
GROUP BY host, name;
