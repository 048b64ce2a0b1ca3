-- 1: the provider said that what the conversation begins with is too short for a cache of its own. That does not change.
ALTER TABLE conversations ADD COLUMN too_short_for_cache INTEGER NOT NULL DEFAULT 0 CHECK (too_short_for_cache IN (0, 1));
