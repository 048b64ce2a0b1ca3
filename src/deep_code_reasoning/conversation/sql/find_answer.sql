SELECT content FROM answers WHERE answer_id = :answer_id
