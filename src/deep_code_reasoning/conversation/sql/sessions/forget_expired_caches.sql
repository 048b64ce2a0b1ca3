DELETE FROM caches WHERE expires_at_unix <= :now
