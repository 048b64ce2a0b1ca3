-- The deliveries of the message that came most often, in order.
WITH worst AS (
    SELECT identity
    FROM redelivered
    WHERE is_again
        AND phase = 'incident'
        AND queue = $queue
        AND service_name IS NOT DISTINCT FROM $service_name
        AND name = $name
    ORDER BY deliveries DESC, first_nano, identity
    LIMIT 1
)
SELECT DISTINCT
    s.start_time_unix_nano,
    s.trace_id,
    s.span_id,
    d.has_failed,
    s.code_file_path,
    s.code_line_number,
    s.code_function_name
FROM deliveries AS d
JOIN worst AS w ON w.identity = COALESCE(d.message, 'span ' || CAST(d.producer_number AS VARCHAR))
JOIN spans AS s ON s.span_number = d.span_number
WHERE d.queue = $queue AND d.service_name IS NOT DISTINCT FROM $service_name AND d.name = $name
ORDER BY s.start_time_unix_nano, s.span_id
LIMIT 4
