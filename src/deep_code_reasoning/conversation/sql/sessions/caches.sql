SELECT * FROM caches ORDER BY cache_name
