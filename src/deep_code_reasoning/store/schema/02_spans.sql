-- Spans, as OpenTelemetry's trace data model has them; times by the clock of the host that recorded them, never rewritten.
CREATE TABLE spans (
    span_number              BIGINT NOT NULL,   -- unique in the investigation, in reading order
    trace_id                 VARCHAR NOT NULL,  -- 32 lower-case hex digits
    span_id                  VARCHAR NOT NULL,  -- 16 lower-case hex digits
    parent_span_id           VARCHAR,           -- NULL at a root
    name                     VARCHAR NOT NULL,
    kind                     VARCHAR NOT NULL,  -- unspecified, internal, server, client, producer, consumer
    status_code              VARCHAR NOT NULL,  -- unset, ok, error
    status_message           VARCHAR,
    start_time_unix_nano     BIGINT NOT NULL,
    duration_nano            BIGINT NOT NULL,   -- end minus start; 0 where the end is missing
    service_name             VARCHAR,           -- of the resource
    host                     VARCHAR,           -- of the resource: the clock
    resource_number          BIGINT NOT NULL,
    scope_name               VARCHAR,
    http_request_method      VARCHAR,
    http_route               VARCHAR,
    http_response_status_code INTEGER,
    url_path                 VARCHAR,
    url_full                 VARCHAR,
    server_address           VARCHAR,
    server_port              INTEGER,
    network_peer_address     VARCHAR,
    rpc_system               VARCHAR,
    rpc_service              VARCHAR,
    rpc_method               VARCHAR,
    db_system_name           VARCHAR,
    db_namespace             VARCHAR,
    db_collection_name       VARCHAR,
    db_operation_name        VARCHAR,
    db_query_text            VARCHAR,
    messaging_system         VARCHAR,
    messaging_operation_type VARCHAR,
    messaging_destination_name VARCHAR,
    error_type               VARCHAR,
    code_file_path           VARCHAR,
    code_function_name       VARCHAR,
    code_line_number         INTEGER,
    thread_id                BIGINT,
    attributes               STRUCT(key VARCHAR, value VARCHAR)[],  -- the rest, values as text or JSON
    source                   INTEGER NOT NULL,
    source_offset            BIGINT NOT NULL
);
