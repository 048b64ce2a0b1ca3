SELECT
    brief, manifest,
    coalesce((
        SELECT t.diagnosis FROM turns AS t
        WHERE t.conversation_id = c.conversation_id AND t.diagnosis IS NOT NULL ORDER BY t.number DESC LIMIT 1
    ), diagnosis) AS diagnosis,
    coalesce((
        SELECT t.shown FROM turns AS t
        WHERE t.conversation_id = c.conversation_id AND t.shown IS NOT NULL ORDER BY t.number DESC LIMIT 1
    ), shown) AS shown
FROM conversations AS c WHERE conversation_id = :conversation_id
