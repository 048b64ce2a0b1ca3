-- The files and repositories that were read; `source` of every other table.
CREATE TABLE sources (
    source          INTEGER NOT NULL,
    path            VARCHAR NOT NULL,
    reader          VARCHAR NOT NULL,
    bytes           BIGINT NOT NULL,   -- after decompression
    fingerprint     VARCHAR NOT NULL
);
-- What was skipped in the evidence, counted by file and reason.
CREATE TABLE unread (
    source          INTEGER,
    place           VARCHAR NOT NULL,  -- file:line or file@byte of the first
    reason          VARCHAR NOT NULL,
    count           BIGINT NOT NULL
);
