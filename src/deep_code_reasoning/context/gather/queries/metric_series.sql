SELECT
    concat_ws(
        ' ', host,
        array_to_string(list_sort(list_transform(attributes, lambda pair: concat(pair.key, '=', pair.value))), ' ')
    ) AS series,
    time_unix_nano,
    value,
    unit
FROM metrics
WHERE
    (service_name = $service OR (service_name IS NULL AND coalesce(host, '') = $service))
    AND name = $name AND value IS NOT NULL AND isfinite(value)
ORDER BY time_unix_nano, series
LIMIT $most;
