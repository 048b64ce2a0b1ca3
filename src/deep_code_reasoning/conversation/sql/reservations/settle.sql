UPDATE reservations SET dollars = :dollars, settled_until_unix_nano = :until WHERE reservation_id = :reservation_id
