-- metric_series: every series whose name has a meaning, one for each service (or machine, where the metric is about the
-- whole of it), host, name and attributes. The CPUs of one machine are averaged into one series, and of several that
-- report one machine's metric the first is taken. `form` says how its points are read.
-- metric_points: series_number; moment, nanoseconds since the epoch; value: gauges as they are, counters as a rate a
-- second, histograms and summaries as the mean of what was added; is_incident, is_baseline and is_before (before the
-- incident, less a lead).
CREATE OR REPLACE TEMPORARY TABLE metric_reporters AS
WITH nodes AS (
    SELECT k8s_pod_name, MIN(k8s_node_name) AS node
    FROM resources
    WHERE k8s_pod_name IS NOT NULL AND k8s_node_name IS NOT NULL
    GROUP BY k8s_pod_name
    HAVING COUNT(DISTINCT k8s_node_name) = 1
),
places AS (
    SELECT r.resource_number, COALESCE(r.k8s_node_name, n.node, r.host_name, r.host) AS node
    FROM resources AS r
    LEFT JOIN nodes AS n ON n.k8s_pod_name = r.k8s_pod_name
),
reporters AS (
    SELECT
        ROW_NUMBER() OVER (ORDER BY name, service_name, host, attributes, resource_number, kind, aggregation_temporality) AS reporter,
        name,
        COALESCE(unit, '') AS unit,
        kind,
        aggregation_temporality,
        is_monotonic,
        service_name,
        host,
        resource_number,
        attributes,
        COALESCE(CAST(attributes AS VARCHAR), '') AS labels
    FROM metrics
    GROUP BY name, unit, kind, aggregation_temporality, is_monotonic, service_name, host, resource_number, attributes
),
placed AS (
    SELECT
        r.reporter,
        r.name,
        r.unit,
        r.kind,
        r.aggregation_temporality,
        r.is_monotonic,
        r.service_name AS reported_by,
        r.host AS reported_on,
        r.resource_number,
        r.attributes,
        CASE WHEN g.scope = 'service' THEN r.service_name END AS service_name,
        CASE WHEN g.scope = 'service' THEN r.host ELSE COALESCE(p.node, r.host) END AS host,
        COALESCE(p.node, r.host) AS node,
        g.about,
        g.measure,
        g.worse,
        g.scope,
        g.is_counter,
        REGEXP_REPLACE(r.labels, '\{''key'': ''?(cpu|core|cpu.logical_number|system.cpu.logical_number)''?, [^}]*\}', '')
            AS labels
    FROM reporters AS r
    JOIN metric_meanings AS g ON g.name = r.name AND g.unit = r.unit AND g.labels = r.labels
    LEFT JOIN places AS p ON p.resource_number = r.resource_number
),
numbered AS (
    SELECT
        placed.*,
        DENSE_RANK() OVER (ORDER BY about, service_name, host, name, labels, unit, measure, scope) AS series_number,
        FIRST_VALUE(COALESCE(resource_number, -1)) OVER (
            PARTITION BY scope, node, name, labels ORDER BY COALESCE(resource_number, -1)
        ) AS first_reporter
    FROM placed
)
SELECT * FROM numbered WHERE scope = 'service' OR COALESCE(resource_number, -1) = first_reporter;

CREATE OR REPLACE TEMPORARY TABLE metric_raw_points AS
SELECT
    r.reporter,
    m.time_unix_nano AS moment,
    m.start_time_unix_nano AS begin_at,
    m.value,
    m.count,
    m.sum
FROM metrics AS m
JOIN metric_reporters AS r
    ON r.name = m.name
    AND r.kind = m.kind
    AND r.reported_by IS NOT DISTINCT FROM m.service_name
    AND r.reported_on IS NOT DISTINCT FROM m.host
    AND r.resource_number IS NOT DISTINCT FROM m.resource_number
    AND r.attributes IS NOT DISTINCT FROM m.attributes
    AND r.unit = COALESCE(m.unit, '')
    AND r.aggregation_temporality IS NOT DISTINCT FROM m.aggregation_temporality
    AND r.is_monotonic IS NOT DISTINCT FROM m.is_monotonic;

CREATE OR REPLACE TEMPORARY TABLE metric_stepped_points AS
SELECT
    p.*,
    LAG(p.moment) OVER same AS moment_before,
    LAG(p.value) OVER same AS value_before,
    LAG(p.count) OVER same AS count_before,
    LAG(p.sum) OVER same AS sum_before
FROM metric_raw_points AS p
JOIN metric_reporters AS r ON r.reporter = p.reporter
WHERE r.kind <> 'gauge' OR r.is_counter
WINDOW same AS (PARTITION BY p.reporter ORDER BY p.moment);

CREATE OR REPLACE TEMPORARY TABLE metric_forms AS
WITH falls AS (
    SELECT r.name, AVG(CASE WHEN p.value < p.value_before AND p.value > 0 THEN 1.0 ELSE 0.0 END) AS falling
    FROM metric_stepped_points AS p
    JOIN metric_reporters AS r ON r.reporter = p.reporter
    GROUP BY r.name
)
SELECT
    r.reporter,
    r.series_number,
    CASE
        WHEN r.kind IN ('histogram', 'summary')
            THEN CASE WHEN COALESCE(r.aggregation_temporality, 'cumulative') = 'delta' THEN 'mean' ELSE 'added mean' END
        WHEN r.kind = 'sum' AND r.aggregation_temporality = 'delta' THEN 'delta'
        WHEN r.kind = 'sum' AND COALESCE(r.is_monotonic, TRUE) THEN 'counter'
        WHEN r.kind = 'gauge' AND r.is_counter AND f.falling < 0.05 THEN 'counter'
        ELSE 'gauge'
    END AS form
FROM metric_reporters AS r
LEFT JOIN falls AS f ON f.name = r.name;

CREATE OR REPLACE TEMPORARY TABLE metric_series AS
SELECT
    r.series_number,
    r.service_name,
    r.host,
    r.name,
    r.labels,
    r.about,
    r.measure,
    r.scope,
    MIN(r.worse) AS worse,
    MIN(r.node) AS node,
    MIN(r.unit) AS unit,
    MIN(f.form) AS form
FROM metric_reporters AS r
JOIN metric_forms AS f ON f.reporter = r.reporter
GROUP BY r.series_number, r.service_name, r.host, r.name, r.labels, r.about, r.measure, r.scope;

CREATE OR REPLACE TEMPORARY TABLE metric_points AS
WITH valued AS (
    SELECT f.series_number, p.moment, p.value
    FROM metric_raw_points AS p
    JOIN metric_forms AS f ON f.reporter = p.reporter
    WHERE f.form = 'gauge'
    UNION ALL
    SELECT
        f.series_number,
        p.moment,
        CASE f.form
            WHEN 'mean' THEN p.sum / NULLIF(p.count, 0)
            WHEN 'added mean'
                THEN CASE
                    WHEN p.count > p.count_before THEN (p.sum - p.sum_before) / (p.count - p.count_before)
                    WHEN p.count < p.count_before THEN p.sum / NULLIF(p.count, 0)
                END
            WHEN 'delta' THEN p.value / NULLIF(p.moment - COALESCE(p.moment_before, p.begin_at), 0) * 1e9
            ELSE
                (CASE WHEN p.value < p.value_before THEN p.value ELSE p.value - p.value_before END)
                / NULLIF(p.moment - p.moment_before, 0) * 1e9
        END AS value
    FROM metric_stepped_points AS p
    JOIN metric_forms AS f ON f.reporter = p.reporter
    WHERE f.form <> 'gauge'
)
SELECT
    series_number,
    moment,
    AVG(value) AS value,
    COALESCE(moment >= $incident_start AND moment < $incident_end, FALSE) AS is_incident,
    COALESCE(
        moment >= $baseline_start AND moment < $baseline_end
        AND NOT (moment >= $incident_start AND moment < $incident_end),
        FALSE
    ) AS is_baseline,
    COALESCE(moment < $before_end, FALSE) AS is_before
FROM valued
WHERE value IS NOT NULL AND NOT ISNAN(value) AND NOT ISINF(value)
GROUP BY series_number, moment;
