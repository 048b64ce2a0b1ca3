DELETE FROM jobs WHERE updated_at_unix_nano < :before AND state IN ('completed', 'failed', 'cancelled')
