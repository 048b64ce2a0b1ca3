SELECT
    coalesce(sum(dollars), 0.0) AS dollars,
    coalesce(sum(input_tokens), 0) + coalesce(sum(output_tokens), 0) AS tokens
FROM calls
WHERE called_at_unix_nano >= :since_unix_nano AND (:project IS NULL OR project = :project)
