-- The pauses that lines of one layout tell of.
SELECT
    log_number,
    service_name,
    host,
    time_unix_nano AS end_nano,
    CAST(TRY_CAST(REGEXP_EXTRACT(body, $pattern, 1) AS DOUBLE) * $factor AS BIGINT) AS length_nano
FROM gc_lines
WHERE TRY_CAST(REGEXP_EXTRACT(body, $pattern, 1) AS DOUBLE) * $factor BETWEEN 1 AND 1e15
ORDER BY log_number;
