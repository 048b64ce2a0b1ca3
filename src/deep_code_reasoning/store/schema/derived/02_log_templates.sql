-- Log bodies with their variable parts masked.
CREATE TABLE log_templates (
    template_id     UBIGINT NOT NULL,
    template        VARCHAR NOT NULL,
    count           BIGINT NOT NULL,
    service_names   VARCHAR[] NOT NULL
);
