-- The samples that bound theta, for every pair of hosts, slice of time and share of samples mistrusted: the
-- largest lower and the smallest upper bound once that share of the most extreme in the slice is passed over.
WITH sliced AS (
    SELECT
        clock_samples.*,
        CAST(FLOOR((time_unix_nano - $first) * 1.0 * $slices / ($last - $first + 1)) AS BIGINT) AS slice
    FROM clock_samples
    WHERE time_unix_nano BETWEEN $first AND $last
),
ranked AS (
    SELECT
        sliced.*,
        COUNT(*) OVER (PARTITION BY client_host, server_host, slice) AS samples,
        COUNT(lower_nano) OVER (PARTITION BY client_host, server_host, slice) AS lowers,
        ROW_NUMBER() OVER (
            PARTITION BY client_host, server_host, slice ORDER BY upper_nano, client_number
        ) AS upper_rank,
        ROW_NUMBER() OVER (
            PARTITION BY client_host, server_host, slice ORDER BY lower_nano DESC NULLS LAST, client_number
        ) AS lower_rank
    FROM sliced
)
SELECT
    k.client_host, k.server_host, k.slice, k.time_unix_nano, k.lower_nano, k.upper_nano, k.samples, k.lowers,
    k.lower_rank, k.upper_rank, r.resolution_nano
FROM ranked AS k
JOIN clock_resolutions AS r ON r.client_host = k.client_host AND r.server_host = k.server_host
WHERE lower_rank = 1 + CAST(FLOOR(lowers * 0.01) AS BIGINT)
    OR lower_rank = 1 + CAST(FLOOR(lowers * 0.05) AS BIGINT)
    OR lower_rank = 1 + CAST(FLOOR(lowers * 0.2) AS BIGINT)
    OR upper_rank = 1 + CAST(FLOOR(samples * 0.01) AS BIGINT)
    OR upper_rank = 1 + CAST(FLOOR(samples * 0.05) AS BIGINT)
    OR upper_rank = 1 + CAST(FLOOR(samples * 0.2) AS BIGINT)
ORDER BY k.client_host, k.server_host, k.slice, k.lower_rank, k.upper_rank;
