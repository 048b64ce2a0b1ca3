DELETE FROM conversations WHERE expires_at_unix_nano < :before
