-- Which first error a failing trace is charged to: one row a trace with a failed span.
-- The earliest first error by clocks brought to one reference, among the kinds of error that go with failing entries:
-- an error that callers survive (the odds of a failing entry are not raised by it, 95 % bound) comes after the others.
CREATE OR REPLACE TEMPORARY TABLE error_origins AS
WITH placed AS (
    SELECT
        e.*,
        o.phase,
        o.symptomatic,
        o.has_error,
        o.trace_id,
        e.start_time_unix_nano
        - COALESCE(
            TRY_CAST(
                c.offset_nano + COALESCE(c.drift_ppm, 0) / 1e6 * (e.start_time_unix_nano - c.at_unix_nano) AS BIGINT
            ),
            0
        ) AS reference_time,
        -- of a host that nothing compares with the others it is not known what came first
        CASE WHEN e.host IS NULL THEN 0 ELSE COALESCE(c.error_nano, 1e18) END AS time_error
    FROM first_errors AS e
    JOIN trace_outcomes AS o ON o.trace_number = e.trace_number
    LEFT JOIN host_clocks AS c ON c.host = e.host
),
traces AS (
    SELECT CAST(COUNT(*) AS DOUBLE) AS n, CAST(COUNT(*) FILTER (WHERE has_error) AS DOUBLE) AS failed FROM trace_outcomes
),
seen AS (
    SELECT
        at_fault_service,
        operation,
        error_type,
        CAST(COUNT(DISTINCT trace_number) AS DOUBLE) AS n,
        CAST(COUNT(DISTINCT CASE WHEN has_error THEN trace_number END) AS DOUBLE) AS failed
    FROM placed
    GROUP BY at_fault_service, operation, error_type
),
fatal AS (
    SELECT
        s.at_fault_service,
        s.operation,
        s.error_type,
        LN(
            (s.failed + 0.5) * (t.n - t.failed - s.n + s.failed + 0.5)
            / ((s.n - s.failed + 0.5) * (t.failed - s.failed + 0.5))
        ) > 1.96 * SQRT(
            1 / (s.failed + 0.5) + 1 / (t.n - t.failed - s.n + s.failed + 0.5)
            + 1 / (s.n - s.failed + 0.5) + 1 / (t.failed - s.failed + 0.5)
        ) AS is_fatal
    FROM seen AS s
    CROSS JOIN traces AS t
),
ordered AS (
    SELECT
        p.*,
        ROW_NUMBER() OVER in_order AS place,
        LEAD(p.reference_time) OVER in_order - p.reference_time <= p.time_error + LEAD(p.time_error) OVER in_order
            AND LEAD(p.host) OVER in_order IS DISTINCT FROM p.host
            AND LEAD(p.at_fault_service) OVER in_order <> p.at_fault_service AS is_order_uncertain
    FROM placed AS p
    JOIN fatal AS f
        ON f.at_fault_service IS NOT DISTINCT FROM p.at_fault_service
        AND f.operation = p.operation
        AND f.error_type = p.error_type
    WINDOW in_order AS (
        PARTITION BY p.trace_number ORDER BY NOT f.is_fatal, p.reference_time, p.depth DESC, p.span_number
    )
)
SELECT * FROM ordered WHERE place = 1;
