-- metric_points: the values of every series whose name has a meaning, and in which window each is.
--   series_number        one for each service (or node, where the metric is about the whole machine), host, name, attributes
--   moment                 nanoseconds since the epoch
--   value                gauges as they are, counters as a rate a second, histograms and summaries as the mean of what
--                        was added
--   is_incident, is_baseline, is_before    `before`: before the incident, less a lead
-- metric_series: what each number stands for. CPUs of one machine are averaged into one series, and of several
-- reporters of one machine's metric the first is taken.
CREATE OR REPLACE TEMPORARY TABLE metric_raw_points AS
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
known AS (
    SELECT
        m.name,
        m.unit,
        m.kind,
        m.aggregation_temporality,
        m.is_monotonic,
        m.time_unix_nano AS moment,
        m.start_time_unix_nano AS begin_at,
        m.value,
        m.count,
        m.sum,
        m.service_name,
        m.host,
        COALESCE(p.node, m.host) AS node,
        g.about,
        g.measure,
        g.worse,
        g.scope,
        g.is_counter,
        COALESCE(m.resource_number, -1) AS resource_number,
        g.labels,
        FIRST_VALUE(COALESCE(m.resource_number, -1)) OVER (
            PARTITION BY g.scope, COALESCE(p.node, m.host), m.name, g.labels
            ORDER BY COALESCE(m.resource_number, -1)
        ) AS first_reporter
    FROM metrics AS m
    JOIN metric_meanings AS g
        ON g.name = m.name
        AND g.unit = COALESCE(m.unit, '')
        AND g.labels = COALESCE(CAST(m.attributes AS VARCHAR), '')
    LEFT JOIN places AS p ON p.resource_number = m.resource_number
),
stepped AS (
    SELECT
        known.*,
        LAG(moment) OVER same AS moment_before,
        LAG(value) OVER same AS value_before,
        LAG(count) OVER same AS count_before,
        LAG(sum) OVER same AS sum_before
    FROM known
    WHERE scope = 'service' OR resource_number = first_reporter
    WINDOW same AS (PARTITION BY service_name, host, resource_number, name, labels ORDER BY moment)
),
typed AS (
    SELECT
        stepped.*,
        CASE
            WHEN kind IN ('histogram', 'summary')
                THEN CASE WHEN COALESCE(aggregation_temporality, 'cumulative') = 'delta' THEN 'mean' ELSE 'added mean' END
            WHEN kind = 'sum' AND aggregation_temporality = 'delta' THEN 'delta'
            WHEN kind = 'sum' AND COALESCE(is_monotonic, TRUE) THEN 'counter'
            WHEN kind = 'gauge' AND is_counter
                AND AVG(CASE WHEN value < value_before AND value > 0 THEN 1.0 ELSE 0.0 END) OVER (PARTITION BY name) < 0.05
                THEN 'counter'
            ELSE 'gauge'
        END AS form
    FROM stepped
)
SELECT
    CASE WHEN scope = 'service' THEN service_name END AS service_name,
    CASE WHEN scope = 'service' THEN host ELSE node END AS host,
    node,
    name,
    unit,
    about,
    measure,
    worse,
    scope,
    form,
    REGEXP_REPLACE(labels, '\{''key'': ''?(cpu|core|cpu.logical_number|system.cpu.logical_number)''?, [^}]*\}', '') AS labels,
    moment,
    CASE form
        WHEN 'gauge' THEN value
        WHEN 'mean' THEN sum / NULLIF(count, 0)
        WHEN 'added mean'
            THEN CASE
                WHEN count > count_before THEN (sum - sum_before) / (count - count_before)
                WHEN count < count_before THEN sum / NULLIF(count, 0)
            END
        WHEN 'delta' THEN value / NULLIF(moment - COALESCE(moment_before, begin_at), 0) * 1e9
        ELSE (CASE WHEN value < value_before THEN value ELSE value - value_before END) / NULLIF(moment - moment_before, 0) * 1e9
    END AS value
FROM typed;

CREATE OR REPLACE TEMPORARY TABLE metric_series AS
SELECT
    ROW_NUMBER() OVER (ORDER BY about, service_name, host, name, labels) AS series_number,
    service_name,
    host,
    name,
    labels,
    about,
    measure,
    scope,
    MIN(worse) AS worse,
    MIN(node) AS node,
    MIN(unit) AS unit,
    MIN(form) AS form
FROM metric_raw_points
GROUP BY service_name, host, name, labels, about, measure, scope;

CREATE OR REPLACE TEMPORARY TABLE metric_points AS
SELECT
    s.series_number,
    p.moment,
    AVG(p.value) AS value,
    COALESCE(p.moment >= $incident_start AND p.moment < $incident_end, FALSE) AS is_incident,
    COALESCE(p.moment >= $baseline_start AND p.moment < $baseline_end AND NOT (p.moment >= $incident_start AND p.moment < $incident_end), FALSE)
        AS is_baseline,
    COALESCE(p.moment < $before_end, FALSE) AS is_before
FROM metric_raw_points AS p
JOIN metric_series AS s
    ON s.service_name IS NOT DISTINCT FROM p.service_name
    AND s.host IS NOT DISTINCT FROM p.host
    AND s.name = p.name
    AND s.labels = p.labels
WHERE p.value IS NOT NULL AND NOT ISNAN(p.value) AND NOT ISINF(p.value)
GROUP BY s.series_number, p.moment;
