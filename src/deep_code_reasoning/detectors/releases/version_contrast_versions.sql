-- service_versions: of services of which several versions sent telemetry, which version each resource runs: service.version,
-- else the tag of its image, else the revision it was built from.
CREATE OR REPLACE TEMPORARY TABLE service_versions AS
WITH tags AS (
    SELECT resource_number, MAX(REGEXP_REPLACE(pair.value, '^\["|"\]$', '', 'g')) AS tag
    FROM (SELECT resource_number, UNNEST(attributes) AS pair FROM resources) AS flat
    WHERE pair.key = 'container.image.tags'
    GROUP BY resource_number
),
versions AS (
    SELECT
        r.resource_number,
        r.service_name,
        COALESCE(r.service_version, t.tag, r.vcs_ref_head_revision) AS version
    FROM resources AS r
    LEFT JOIN tags AS t ON t.resource_number = r.resource_number
)
SELECT v.resource_number, v.service_name, v.version
FROM versions AS v
JOIN (SELECT service_name FROM versions GROUP BY service_name HAVING COUNT(DISTINCT version) > 1) AS several
    ON several.service_name = v.service_name
WHERE v.version IS NOT NULL
