-- redelivered: a row a message and who takes it (queue, service_name, name), of what was delivered in the traces of both
-- windows: deliveries, hosts, is_again (delivered more than once, or its attributes say so), failed_first, after_nano (from
-- the first start to the second), is_running (the first was not done when the second began, on one host or another),
-- trace_number of the first delivery. A message is what its id says, else what its producer's span sent.
-- Copies that go to each host of a service at once are a broadcast and no redelivery.
CREATE OR REPLACE TEMPORARY TABLE redelivered AS
WITH known AS (
    SELECT
        d.*,
        COALESCE(d.message, 'span ' || CAST(d.producer_number AS VARCHAR)) AS identity
    FROM deliveries AS d
),
hosts AS (
    SELECT queue, service_name, name, COUNT(DISTINCT host) AS hosts
    FROM known
    GROUP BY queue, service_name, name
),
once AS (
    SELECT
        queue,
        service_name,
        name,
        identity,
        span_number,
        MIN(trace_number) AS trace_number,
        MIN(phase) AS phase,
        MIN(host) AS host,
        MIN(taken_nano) AS taken_nano,
        MIN(done_nano) AS done_nano,
        MAX(has_failed) AS has_failed,
        MAX(is_again) AS is_again,
        MIN(producer_service) AS producer_service
    FROM known
    GROUP BY queue, service_name, name, identity, span_number
),
ordered AS (
    SELECT
        once.*,
        ROW_NUMBER() OVER (PARTITION BY queue, service_name, name, identity ORDER BY taken_nano, span_number) AS place
    FROM once
)
SELECT
    o.queue,
    o.service_name,
    o.name,
    o.identity,
    MIN(o.producer_service) AS producer_service,
    COUNT(*) AS deliveries,
    MIN(CASE WHEN o.place = 1 THEN o.trace_number END) AS trace_number,
    MIN(CASE WHEN o.place = 1 THEN o.phase END) AS phase,
    MIN(CASE WHEN o.place = 1 THEN o.taken_nano END) AS first_nano,
    MAX(o.done_nano) AS last_nano,
    MAX(o.is_again)
    OR (COUNT(*) > 1 AND (COUNT(DISTINCT o.host) < COUNT(*) OR COUNT(*) <> MAX(h.hosts) OR MAX(o.has_failed)))
        AS is_again,
    MAX(o.place = 1 AND o.has_failed) AS failed_first,
    MIN(CASE WHEN o.place = 2 THEN o.taken_nano END) - MIN(CASE WHEN o.place = 1 THEN o.taken_nano END) AS after_nano,
    MIN(CASE WHEN o.place = 2 THEN o.taken_nano END) < MIN(CASE WHEN o.place = 1 THEN o.done_nano END) AS is_running
FROM ordered AS o
JOIN hosts AS h
    ON h.queue = o.queue AND h.service_name IS NOT DISTINCT FROM o.service_name AND h.name = o.name
GROUP BY o.queue, o.service_name, o.name, o.identity;
