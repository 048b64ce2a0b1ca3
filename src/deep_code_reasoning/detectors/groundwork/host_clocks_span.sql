-- The time that the calls span. A few with absurd times (zero, another century) do not count: what lies further out
-- than the middle 98 % are wide is cut off (to a millisecond, for quantiles are floating). One row of NULLs where no host calls another.
WITH middle AS (
    SELECT
        MIN(time_unix_nano) AS earliest,
        MAX(time_unix_nano) AS latest,
        QUANTILE_CONT(time_unix_nano, 0.01) AS low,
        QUANTILE_CONT(time_unix_nano, 0.99) AS high
    FROM clock_samples
)
SELECT
    GREATEST(earliest, CAST(low - (high - low) - 1000000 AS BIGINT)) AS first,
    LEAST(latest, CAST(high + (high - low) + 1000000 AS BIGINT)) AS last
FROM middle;
