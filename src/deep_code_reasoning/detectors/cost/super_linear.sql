-- size_keys: the attributes that tell how large an input or output is.
CREATE OR REPLACE TEMPORARY TABLE size_keys AS
SELECT key
FROM (
    SELECT DISTINCT pair.key AS key
    FROM (SELECT UNNEST(attributes) AS pair FROM spans WHERE ARRAY_LENGTH(attributes) > 0) AS flat
) AS named
WHERE REGEXP_MATCHES(key, $sizes) AND NOT REGEXP_MATCHES(key, $no_sizes);

-- sizes_told: their values, where they differ enough for a power law to show.
CREATE OR REPLACE TEMPORARY TABLE sizes_told AS
WITH sized AS (
    SELECT f.span_number, f.pair.key AS key, TRY_CAST(f.pair.value AS DOUBLE) AS size
    FROM (SELECT span_number, UNNEST(attributes) AS pair FROM spans WHERE ARRAY_LENGTH(attributes) > 0) AS f
    JOIN size_keys AS k ON k.key = f.pair.key
),
usable AS (
    SELECT * FROM sized WHERE size > 0 AND size < 1e15
)
SELECT *
FROM usable
WHERE key IN (SELECT key FROM usable GROUP BY key HAVING MAX(size) >= $range * MIN(size));

-- sized_spans: one span a trace, operation and such attribute, with its cost: the time it took itself, and the calls it
-- made.
CREATE OR REPLACE TEMPORARY TABLE sized_spans AS
WITH placed AS (
    SELECT
        z.span_number,
        z.key,
        z.size,
        s.service_name,
        s.name AS operation,
        t.self_time_nano,
        o.trace_number,
        o.phase,
        ROW_NUMBER() OVER (
            PARTITION BY o.trace_number, s.service_name, s.name, z.key ORDER BY z.span_number
        ) AS place
    FROM sizes_told AS z
    JOIN spans AS s ON s.span_number = z.span_number
    JOIN topology AS t ON t.span_number = z.span_number
    JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
    WHERE o.phase <> 'outside'
),
calls AS (
    SELECT t.parent_number AS span_number, COUNT(*) AS calls
    FROM topology AS t
    WHERE t.parent_number IN (SELECT span_number FROM placed WHERE place = 1)
    GROUP BY t.parent_number
)
SELECT p.* EXCLUDE (place), COALESCE(c.calls, 0) AS calls
FROM placed AS p
LEFT JOIN calls AS c ON c.span_number = p.span_number
WHERE p.place = 1;

-- At most $most of each operation, attribute and phase, evenly over the sizes, where sizes differ by a factor $range.
WITH wide AS (
    SELECT service_name, operation, key
    FROM sized_spans
    GROUP BY service_name, operation, key
    HAVING COUNT(*) >= $fewest AND QUANTILE_CONT(size, 0.95) >= $range * QUANTILE_CONT(size, 0.05)
),
ranked AS (
    SELECT
        z.*,
        ROW_NUMBER() OVER (PARTITION BY z.service_name, z.operation, z.key, z.phase ORDER BY z.size, z.span_number)
            AS place,
        COUNT(*) OVER (PARTITION BY z.service_name, z.operation, z.key, z.phase) AS points
    FROM sized_spans AS z
    JOIN wide AS w
        ON w.service_name IS NOT DISTINCT FROM z.service_name AND w.operation = z.operation AND w.key = z.key
)
SELECT service_name, operation, key, phase, size, CAST(self_time_nano AS DOUBLE) AS self_time_nano, calls
FROM ranked
WHERE points <= $most OR place * $most % points < $most
ORDER BY service_name, operation, key, phase, size;
