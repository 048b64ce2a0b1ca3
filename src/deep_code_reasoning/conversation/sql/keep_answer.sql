INSERT INTO answers (answer_id, kept_at_unix_nano, content, bytes)
VALUES (:answer_id, :kept_at_unix_nano, :content, :bytes)
