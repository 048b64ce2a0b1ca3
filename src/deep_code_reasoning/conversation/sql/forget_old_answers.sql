-- Newest first, answers stay while their number and their bytes together are within the limits.
DELETE FROM answers WHERE answer_id IN (
    SELECT answer_id FROM (
        SELECT
            answer_id,
            row_number() OVER newest AS place,
            sum(bytes) OVER newest AS bytes_so_far
        FROM answers
        WINDOW newest AS (ORDER BY kept_at_unix_nano DESC, answer_id)
    )
    WHERE place > :most_answers OR (bytes_so_far > :most_bytes AND place > 1)
)
