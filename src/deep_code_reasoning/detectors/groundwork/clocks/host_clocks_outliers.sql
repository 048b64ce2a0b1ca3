-- Adds to host_clock_pairs how many calls contradict its bounds.
CREATE OR REPLACE TEMPORARY TABLE host_clock_pairs AS
WITH outliers AS (
    SELECT c.client_host, c.server_host, COUNT(*) AS outliers
    FROM clock_samples AS c
    JOIN host_clock_pairs AS p ON p.client_host = c.client_host AND p.server_host = c.server_host
    WHERE c.upper_nano < p.lower_nano OR c.lower_nano > p.upper_nano
    GROUP BY c.client_host, c.server_host
)
SELECT p.*, COALESCE(o.outliers, 0) AS outliers
FROM host_clock_pairs AS p
LEFT JOIN outliers AS o ON o.client_host = p.client_host AND o.server_host = p.server_host;
