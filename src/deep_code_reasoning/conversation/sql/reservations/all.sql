SELECT * FROM reservations
