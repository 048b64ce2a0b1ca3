SELECT
    make_timestamp_ns(time_unix_nano) AS time,
    value,
    unit,
    list_transform(attributes, lambda pair: concat(pair.key, '=', pair.value)) AS attributes
FROM metrics
WHERE service_name = $service AND name = $name AND value IS NOT NULL
ORDER BY time_unix_nano
LIMIT $most;
