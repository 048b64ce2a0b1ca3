INSERT INTO tool_calls (
    conversation_id, turn_number, position, call_id, name, arguments, answer, is_error, seconds, kept_at_unix_nano
) VALUES (
    :conversation_id, :number,
    (SELECT count(*) FROM tool_calls WHERE conversation_id = :conversation_id AND turn_number = :number),
    :call_id, :name, :arguments, :answer, :is_error, :seconds, :now
)
