INSERT INTO reservations (project, dollars, process_id, process_started, reserved_at_unix_nano)
VALUES (:project, :dollars, :process_id, :process_started, :now)
RETURNING reservation_id
