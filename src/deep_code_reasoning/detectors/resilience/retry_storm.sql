-- One row a caller's operation with retries in the incident or the baseline.
--   after_calls, before_calls, after_retries, before_retries    of the operation in all traces of the phase
--   after_traces, before_traces   traces that made the call at all; *_with: those in which it was retried
--   requests, exhausted           chains with a retry, and those whose last attempt failed too
WITH operations AS (
    SELECT DISTINCT service_name, operation, kind, server_address FROM retry_attempts WHERE is_retry
),
calls AS (
    SELECT
        k.service_name,
        k.operation,
        k.kind,
        k.server_address,
        COUNT(*) FILTER (WHERE o.phase = 'incident') AS after_calls,
        COUNT(*) FILTER (WHERE o.phase = 'baseline') AS before_calls,
        COUNT(DISTINCT CASE WHEN o.phase = 'incident' THEN o.trace_number END) AS after_traces,
        COUNT(DISTINCT CASE WHEN o.phase = 'baseline' THEN o.trace_number END) AS before_traces
    FROM spans AS s
    JOIN operations AS k
        ON k.service_name IS NOT DISTINCT FROM s.service_name
        AND k.operation = s.name
        AND k.kind = s.kind
        AND k.server_address = COALESCE(s.server_address, '')
    JOIN topology AS t ON t.span_number = s.span_number
    JOIN trace_outcomes AS o ON o.trace_number = t.trace_number
    GROUP BY k.service_name, k.operation, k.kind, k.server_address
),
chains AS (
    SELECT
        service_name,
        operation,
        kind,
        server_address,
        trace_number,
        parent_number,
        chain_start,
        COUNT(*) AS attempts,
        COUNT(*) FILTER (WHERE is_retry) AS retries,
        ARG_MAX(has_failed, start_time_unix_nano) AS is_exhausted,
        MAX(end_time_unix_nano) AS last_nano
    FROM retry_attempts
    GROUP BY service_name, operation, kind, server_address, trace_number, parent_number, chain_start
    HAVING COUNT(*) FILTER (WHERE is_retry) > 0
),
retried AS (
    SELECT
        c.service_name,
        c.operation,
        c.kind,
        c.server_address,
        CAST(COALESCE(SUM(c.retries) FILTER (WHERE o.phase = 'incident'), 0) AS BIGINT) AS after_retries,
        CAST(COALESCE(SUM(c.retries) FILTER (WHERE o.phase = 'baseline'), 0) AS BIGINT) AS before_retries,
        COUNT(DISTINCT CASE WHEN o.phase = 'incident' THEN c.trace_number END) AS after_with,
        COUNT(DISTINCT CASE WHEN o.phase = 'baseline' THEN c.trace_number END) AS before_with,
        COUNT(DISTINCT CASE WHEN o.symptomatic THEN c.trace_number END) AS symptomatic_with,
        COUNT(DISTINCT CASE WHEN NOT o.symptomatic THEN c.trace_number END) AS healthy_with,
        COUNT(*) FILTER (WHERE o.phase = 'incident') AS requests,
        COUNT(*) FILTER (WHERE o.phase = 'incident' AND c.is_exhausted) AS exhausted,
        MAX(c.attempts) FILTER (WHERE o.phase = 'incident') AS most_attempts,
        MIN(c.chain_start) FILTER (WHERE o.phase = 'incident') AS first_nano,
        MAX(c.last_nano) FILTER (WHERE o.phase = 'incident') AS last_nano
    FROM chains AS c
    JOIN trace_outcomes AS o ON o.trace_number = c.trace_number
    GROUP BY c.service_name, c.operation, c.kind, c.server_address
)
SELECT
    r.*,
    c.after_calls,
    c.before_calls,
    c.after_traces,
    c.before_traces,
    (SELECT COUNT(*) FROM trace_outcomes WHERE symptomatic) AS symptomatic,
    (SELECT COUNT(*) FROM trace_outcomes WHERE NOT symptomatic) AS healthy
FROM retried AS r
JOIN calls AS c
    ON c.service_name IS NOT DISTINCT FROM r.service_name
    AND c.operation = r.operation
    AND c.kind = r.kind
    AND c.server_address = r.server_address
WHERE r.after_retries + r.before_retries > 0
ORDER BY r.after_retries DESC, r.service_name, r.operation, r.server_address
