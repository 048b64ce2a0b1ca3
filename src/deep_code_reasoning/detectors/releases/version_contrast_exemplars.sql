-- Of each of two versions of a service the slowest request that entered it while both served, the new version's first.
SELECT s.trace_id, s.span_id, s.duration_nano, v.version
FROM spans AS s
JOIN service_versions AS v ON v.resource_number = s.resource_number
WHERE v.service_name = $service_name
    AND v.version IN ($new_version, $old_version)
    AND s.kind IN ('server', 'consumer')
    AND s.start_time_unix_nano BETWEEN $from_nano AND $to_nano
QUALIFY ROW_NUMBER() OVER (PARTITION BY v.version ORDER BY s.duration_nano DESC, s.span_number) = 1
ORDER BY v.version = $old_version
