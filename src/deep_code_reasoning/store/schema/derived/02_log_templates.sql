-- What log bodies have in common: the text with `<*>` for what varies.
CREATE TABLE log_templates (
    template_id          UBIGINT NOT NULL,
    template             VARCHAR NOT NULL,
    count                BIGINT NOT NULL,
    service_names        VARCHAR[] NOT NULL,
    example_log_number   BIGINT NOT NULL,   -- the first record that falls under it
    first_time_unix_nano BIGINT,
    last_time_unix_nano  BIGINT
);
-- Shapes of bodies that were merged with others alike into a template; `logs` already shows the template's id.
CREATE TABLE merged_log_shapes (
    shape_id             UBIGINT NOT NULL,
    template_id          UBIGINT NOT NULL
);
