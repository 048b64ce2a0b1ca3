SELECT * FROM calls
WHERE called_at_unix_nano >= :since_unix_nano AND (:project IS NULL OR project = :project)
ORDER BY call_id DESC LIMIT :most
