-- What produced the telemetry: one row for each distinct OpenTelemetry resource of a source.
-- `host` is the clock that stamped its records: the first of host.id, host.name, k8s.node.name, k8s.pod.name,
-- service.instance.id, service.name that is present.
CREATE TABLE resources (
    resource_number             BIGINT NOT NULL,   -- unique in the investigation
    service_name                VARCHAR,
    service_version             VARCHAR,
    service_instance_id         VARCHAR,
    host                        VARCHAR,
    host_name                   VARCHAR,
    k8s_pod_name                VARCHAR,
    k8s_node_name               VARCHAR,
    deployment_environment_name VARCHAR,
    vcs_repository_url_full     VARCHAR,
    vcs_ref_head_revision       VARCHAR,
    attributes                  STRUCT(key VARCHAR, value VARCHAR)[],
    source                      INTEGER NOT NULL,
    source_offset               BIGINT NOT NULL
);
