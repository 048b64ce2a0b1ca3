-- A call that may outlive its caller's patience: kept from its start, so that neither the call nor its result is lost.
CREATE TABLE jobs (
    job_id                TEXT PRIMARY KEY,
    project               TEXT NOT NULL,     -- the working directory, links resolved
    tool                  TEXT NOT NULL,
    arguments             TEXT NOT NULL,     -- JSON: the call, complete enough to be made again
    roots                 TEXT NOT NULL,     -- JSON: the folders that it may read
    state                 TEXT NOT NULL CHECK (state IN ('working', 'input_required', 'completed', 'failed', 'cancelled')),
    message               TEXT NOT NULL DEFAULT '',  -- of the last progress
    partial               TEXT,              -- JSON: what is known already
    input_requests        TEXT,              -- JSON: what it waits for, by key
    input_responses       TEXT NOT NULL DEFAULT '{}',
    result                BLOB,              -- zlib over JSON, once completed
    error                 TEXT,              -- one line, once failed
    fault                 TEXT CHECK (fault IN ('call', 'server')),  -- whose the failure was
    cancel_requested      INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
    attempts              INTEGER NOT NULL DEFAULT 1,
    process_id            INTEGER NOT NULL,
    process_started       TEXT NOT NULL,     -- tells a process from a later one of the same number
    created_at_unix_nano  INTEGER NOT NULL,
    updated_at_unix_nano  INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_by_time ON jobs (updated_at_unix_nano);
