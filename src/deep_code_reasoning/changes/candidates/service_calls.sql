-- Who calls whom, databases, queues and what lies outside included.
SELECT DISTINCT caller, callee FROM service_calls WHERE caller <> callee ORDER BY caller, callee
