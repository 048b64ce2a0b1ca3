DELETE FROM reservations WHERE reservation_id = :reservation_id
