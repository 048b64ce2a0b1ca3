-- The span trees as dense integers, resolved once by trace id and span id over all segments.
CREATE TABLE topology (
    span_number     BIGINT NOT NULL,
    parent_number   BIGINT,            -- NULL at a root and where the parent was not read (an orphan)
    trace_number    BIGINT NOT NULL,
    start_time_unix_nano BIGINT NOT NULL,
    end_time_unix_nano   BIGINT NOT NULL,
    self_time_nano  BIGINT NOT NULL,   -- duration minus the union of the children's intervals clipped to it
    critical_path_nano BIGINT NOT NULL, -- the part of its own time that its tree's duration consists of: CRISP, USENIX ATC 2022
    depth           INTEGER NOT NULL,  -- 0 at a root
    is_orphan       BOOLEAN NOT NULL,  -- a parent was named and not found
    in_cycle        BOOLEAN NOT NULL   -- was its own ancestor; its parent is dropped, so that it is a root
);
