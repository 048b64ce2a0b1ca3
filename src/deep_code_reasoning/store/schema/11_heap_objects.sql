-- Objects of heap dumps.
CREATE TABLE heap_objects (
    service_name    VARCHAR,
    object_id       UBIGINT NOT NULL,
    class_name      VARCHAR NOT NULL,
    shallow_bytes   BIGINT NOT NULL,
    retained_bytes  BIGINT,
    dominator_id    UBIGINT,
    "references"    UBIGINT[],
    source          INTEGER NOT NULL,
    source_offset   BIGINT NOT NULL
);
