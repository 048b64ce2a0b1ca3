-- The templates of the lines before the incident, those written most often first.
SELECT t.template
FROM logs AS l
JOIN log_templates AS t ON t.template_id = l.template_id
WHERE l.time_unix_nano >= $baseline_start AND l.time_unix_nano < $baseline_end
GROUP BY t.template_id, t.template
ORDER BY COUNT(*) DESC, t.template
LIMIT $most
