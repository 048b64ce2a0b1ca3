-- Log lines in $buckets buckets of equal counts, in the order of time: from when each is, how many lines, how many
-- report an error (severity ERROR and above; where a line has no severity, the level word in it).
WITH lines AS (
    SELECT
        time_unix_nano,
        severity_number >= 17
            OR (
                COALESCE(severity_number, 0) = 0
                AND REGEXP_MATCHES(SUBSTRING(body, 1, 200), '\b(ERROR|FATAL|SEVERE|CRITICAL|PANIC)\b')
            ) AS is_error,
        NTILE($buckets) OVER (ORDER BY time_unix_nano, log_number) AS bucket
    FROM logs
    WHERE time_unix_nano IS NOT NULL
)
SELECT
    MIN(time_unix_nano) AS starts,
    MAX(time_unix_nano) AS ends,
    COUNT(*) AS total,
    COUNT(*) FILTER (WHERE is_error) AS errors
FROM lines
GROUP BY bucket
ORDER BY bucket
