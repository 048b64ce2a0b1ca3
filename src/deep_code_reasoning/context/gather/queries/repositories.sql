SELECT repository, list_sort(list_distinct(list(service_name))) AS services
FROM commits
GROUP BY repository
ORDER BY repository;
