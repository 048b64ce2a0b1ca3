-- Self times of operations, averaged in each trace: latency_subjects(subject_number, service_name, operation) and
-- latency_samples(subject_number, trace_number, phase, value_nano, total_nano, span_number), the span that of the
-- slowest.
-- Calls are left out, that is clients, producers and spans with a child on another host or of another service: their
-- self time is the way to the callee (see slow_edge), and what their hosts' clocks differ by.
-- Asynchronous frameworks record the handler and the calls it waits for side by side, as children of one span: what a
-- call beside it overlaps is taken off a span's self time (in families of up to $largest_family children).
CREATE OR REPLACE TEMPORARY TABLE latency_subjects AS
SELECT ROW_NUMBER() OVER (ORDER BY service_name, name) AS subject_number, service_name, name AS operation
FROM spans
WHERE kind NOT IN ('client', 'producer')
GROUP BY service_name, name;

CREATE OR REPLACE TEMPORARY TABLE latency_samples AS
WITH remote AS (
    SELECT DISTINCT t.parent_number AS span_number
    FROM topology AS t
    JOIN spans AS child ON child.span_number = t.span_number
    JOIN spans AS parent ON parent.span_number = t.parent_number
    WHERE child.service_name IS DISTINCT FROM parent.service_name OR child.host IS DISTINCT FROM parent.host
),
calls AS (
    SELECT t.span_number, t.parent_number, t.start_time_unix_nano, t.end_time_unix_nano
    FROM topology AS t
    JOIN spans AS s ON s.span_number = t.span_number
    LEFT JOIN remote AS r ON r.span_number = t.span_number
    WHERE s.kind IN ('client', 'producer') OR r.span_number IS NOT NULL
),
families AS (
    SELECT parent_number
    FROM topology
    WHERE parent_number IS NOT NULL
    GROUP BY parent_number
    HAVING COUNT(*) BETWEEN 2 AND $largest_family
),
waiting AS (
    SELECT
        own.span_number,
        SUM(
            LEAST(own.end_time_unix_nano, c.end_time_unix_nano)
            - GREATEST(own.start_time_unix_nano, c.start_time_unix_nano)
        ) AS overlap_nano
    FROM calls AS c
    JOIN families AS f ON f.parent_number = c.parent_number
    JOIN topology AS own ON own.parent_number = c.parent_number
    WHERE own.span_number <> c.span_number
        AND own.start_time_unix_nano < c.end_time_unix_nano
        AND c.start_time_unix_nano < own.end_time_unix_nano
    GROUP BY own.span_number
),
own_times AS (
    SELECT
        s.span_number,
        s.service_name,
        s.name,
        t.trace_number,
        GREATEST(0, t.self_time_nano - COALESCE(w.overlap_nano, 0)) AS self_nano
    FROM spans AS s
    JOIN topology AS t ON t.span_number = s.span_number
    LEFT JOIN remote AS r ON r.span_number = s.span_number
    LEFT JOIN waiting AS w ON w.span_number = s.span_number
    WHERE s.kind NOT IN ('client', 'producer') AND r.span_number IS NULL
)
SELECT
    l.subject_number,
    t.trace_number,
    o.phase,
    AVG(t.self_nano) AS value_nano,
    SUM(t.self_nano) AS total_nano,
    ARG_MAX(t.span_number, t.self_nano) AS span_number
FROM own_times AS t
JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
JOIN latency_subjects AS l ON l.service_name IS NOT DISTINCT FROM t.service_name AND l.operation = t.name
WHERE o.phase <> 'outside'
GROUP BY l.subject_number, t.trace_number, o.phase;
