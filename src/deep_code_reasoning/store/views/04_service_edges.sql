-- The service graph: calls, errors and times of each edge. Nanoseconds; p50 and p99 at the callee, client_* at the caller.
CREATE VIEW service_edges AS
SELECT
    caller,
    callee,
    kind,
    count(*) AS calls,
    CAST(sum(CASE WHEN failed THEN 1 ELSE 0 END) AS BIGINT) AS errors,
    avg(CASE WHEN failed THEN 1.0 ELSE 0.0 END) AS error_rate,
    quantile(callee_nano, 0.5) AS p50_nano,
    quantile(callee_nano, 0.99) AS p99_nano,
    quantile(caller_nano, 0.5) AS client_p50_nano,
    quantile(caller_nano, 0.99) AS client_p99_nano
FROM service_calls
GROUP BY caller, callee, kind;
