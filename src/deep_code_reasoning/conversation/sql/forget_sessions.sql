DELETE FROM told_sessions WHERE told_at_unix_nano < :before_unix_nano
