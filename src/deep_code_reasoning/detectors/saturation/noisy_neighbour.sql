-- Series of what workloads on one machine share, and of their requests, where the machine is known.
SELECT *
FROM metric_shifts
WHERE node IS NOT NULL AND about IN ('cpu', 'memory', 'disk', 'traffic')
ORDER BY series_number;
