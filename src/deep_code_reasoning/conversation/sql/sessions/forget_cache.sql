DELETE FROM caches WHERE cache_name = :cache_name
