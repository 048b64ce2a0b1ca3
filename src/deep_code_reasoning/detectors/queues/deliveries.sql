-- deliveries: a row a consumer's span and the producer's span whose message it took, by parent or link (NULL where only
-- the message's id is known); of several such spans of one trace and consumer, as receive and process, each has its own.
--   span_number, trace_number, phase, symptomatic, service_name, name, host, taken_nano, done_nano, has_failed
--   producer_number, producer_service, producer_host, sent_nano (the producer's end, by its host's clock)
--   queue              as its producer names it
--   message            the id that the consumer's span gives; is_again: its attributes say that it was delivered before
CREATE OR REPLACE TEMPORARY TABLE deliveries AS
WITH consumers AS (
    SELECT s.span_number, t.parent_number
    FROM spans AS s
    JOIN topology AS t ON t.span_number = s.span_number
    WHERE s.kind = 'consumer' OR (s.kind = 'client' AND s.messaging_operation_type IN ('receive', 'process'))
),
senders AS (
    SELECT span_number, trace_id, span_id
    FROM spans
    WHERE kind = 'producer' OR (kind = 'client' AND messaging_operation_type IN ('send', 'publish', 'create'))
),
pairs AS (
    SELECT c.span_number, p.span_number AS producer_number
    FROM consumers AS c
    JOIN senders AS p ON p.span_number = c.parent_number
    UNION
    SELECT c.span_number, p.span_number AS producer_number
    FROM consumers AS c
    JOIN links AS l ON l.span_number = c.span_number
    JOIN senders AS p ON p.trace_id = l.trace_id AND p.span_id = l.span_id
),
flat AS (
    SELECT s.span_number, UNNEST(s.attributes) AS pair
    FROM consumers AS c
    JOIN spans AS s ON s.span_number = c.span_number
    WHERE ARRAY_LENGTH(s.attributes) > 0
),
said AS (
    SELECT
        f.span_number,
        MAX(CASE WHEN a.role = 'message' THEN f.pair.value END) AS message,
        MAX(
            CASE
                WHEN a.role = 'redelivered' AND LOWER(f.pair.value) = 'true' THEN 1
                WHEN a.role = 'deliveries' AND TRY_CAST(f.pair.value AS BIGINT) > 1 THEN 1
                ELSE 0
            END
        ) AS is_again
    FROM flat AS f
    JOIN message_attributes AS a ON a.key = f.pair.key
    GROUP BY f.span_number
)
SELECT
    c.span_number,
    o.trace_number,
    o.phase,
    o.symptomatic,
    s.service_name,
    s.name,
    s.host,
    s.start_time_unix_nano AS taken_nano,
    s.start_time_unix_nano + s.duration_nano AS done_nano,
    f.span_number IS NOT NULL AS has_failed,
    p.span_number AS producer_number,
    p.service_name AS producer_service,
    p.host AS producer_host,
    p.start_time_unix_nano + p.duration_nano AS sent_nano,
    COALESCE(p.messaging_destination_name, s.messaging_destination_name, '') AS queue,
    d.message,
    COALESCE(d.is_again, 0) = 1 AS is_again
FROM consumers AS c
JOIN spans AS s ON s.span_number = c.span_number
JOIN topology AS t ON t.span_number = c.span_number
JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
LEFT JOIN pairs AS x ON x.span_number = c.span_number
LEFT JOIN spans AS p ON p.span_number = x.producer_number
LEFT JOIN said AS d ON d.span_number = c.span_number
LEFT JOIN failed_spans AS f ON f.span_number = c.span_number
WHERE o.phase <> 'outside' AND (p.span_number IS NOT NULL OR d.message IS NOT NULL);
