-- Of each of two versions of a service the slowest request that entered it while both served, the new version's first.
SELECT s.trace_id, s.span_id, s.duration_nano, COALESCE(r.service_version, r.vcs_ref_head_revision) AS version
FROM spans AS s
JOIN resources AS r ON r.resource_number = s.resource_number
WHERE r.service_name = $service_name
    AND COALESCE(r.service_version, r.vcs_ref_head_revision) IN ($new_version, $old_version)
    AND s.kind IN ('server', 'consumer')
    AND s.start_time_unix_nano BETWEEN $from_nano AND $to_nano
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY COALESCE(r.service_version, r.vcs_ref_head_revision)
    ORDER BY s.duration_nano DESC, s.span_number
) = 1
ORDER BY COALESCE(r.service_version, r.vcs_ref_head_revision) = $old_version
