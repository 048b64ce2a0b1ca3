-- Commits of the repositories in the evidence.
CREATE TABLE commits (
    sha             VARCHAR NOT NULL,
    repository      VARCHAR NOT NULL,  -- path or name, as given
    service_name    VARCHAR,           -- where the mapping is known
    author_name     VARCHAR,
    author_time_unix_nano BIGINT,
    time_unix_nano  BIGINT NOT NULL,   -- the committer's clock
    parents         VARCHAR[],
    message         VARCHAR NOT NULL,
    insertions      INTEGER,
    deletions       INTEGER,
    repository_url  VARCHAR,           -- where it was cloned from, without credentials
    tags            VARCHAR[],         -- names of tags on this very commit; NULL where they were not read
    source          INTEGER NOT NULL,
    source_offset   BIGINT NOT NULL
);
-- The files that each commit touched, with what it changed in them.
CREATE TABLE commit_files (
    sha             VARCHAR NOT NULL,
    repository      VARCHAR NOT NULL,
    path            VARCHAR NOT NULL,
    old_path        VARCHAR,           -- NULL unless renamed
    status          VARCHAR NOT NULL,  -- added, modified, deleted, renamed, binary
    insertions      INTEGER,
    deletions       INTEGER,
    patch           VARCHAR,           -- hunks without context lines; NULL for binary and very large ones
    source          INTEGER NOT NULL,
    source_offset   BIGINT NOT NULL
);
