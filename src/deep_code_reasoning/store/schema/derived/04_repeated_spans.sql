-- Spans that were exported again (same ids, service, kind, name and start); spans, events and links leave them out.
CREATE TABLE repeated_spans (
    span_number     BIGINT NOT NULL,
    source          INTEGER NOT NULL,
    source_offset   BIGINT NOT NULL
);
