-- The time that the calls span. A few with absurd times (zero, another century) do not count: what lies further out
-- than the middle 98 % are wide is cut off (to a millisecond, for quantiles are floating; in floating numbers also where
-- it would lie beyond 64 bits). One row of NULLs where no host calls another.
WITH middle AS (
    SELECT
        MIN(time_unix_nano) AS earliest,
        MAX(time_unix_nano) AS latest,
        CAST(QUANTILE_CONT(time_unix_nano, 0.01) AS DOUBLE) AS low,
        CAST(QUANTILE_CONT(time_unix_nano, 0.99) AS DOUBLE) AS high
    FROM clock_samples
)
SELECT
    GREATEST(earliest, COALESCE(TRY_CAST(low - (high - low) - 1000000 AS BIGINT), earliest)) AS first,
    LEAST(latest, COALESCE(TRY_CAST(high + (high - low) + 1000000 AS BIGINT), latest)) AS last
FROM middle;
