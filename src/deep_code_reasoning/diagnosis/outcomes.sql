-- How many traces of each phase show the symptom that was settled (symptom.py), in how many
-- something failed, and of how many the entry failed or was slow.
SELECT
    COUNT(*) FILTER (WHERE phase = 'incident') AS incident_traces,
    COUNT(*) FILTER (WHERE phase = 'incident' AND is_abnormal) AS incident_abnormal,
    COUNT(*) FILTER (WHERE phase = 'baseline') AS baseline_traces,
    COUNT(*) FILTER (WHERE phase = 'baseline' AND is_abnormal) AS baseline_abnormal,
    COUNT(*) FILTER (WHERE phase = 'incident' AND is_abnormal) AS symptomatic,
    COUNT(*) FILTER (WHERE phase = 'incident' AND inside) AS failing,
    COUNT(*) FILTER (WHERE phase = 'incident' AND at_entry) AS failing_entries,
    COUNT(*) FILTER (WHERE phase = 'incident' AND slow) AS slow
FROM trace_symptoms
