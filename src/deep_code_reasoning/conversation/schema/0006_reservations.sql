-- What calls under way may come to cost, so that processes at once do not together pass a limit. Ids are never used again:
-- who gives one back late must not give back another's.
CREATE TABLE reservations (
    reservation_id          INTEGER PRIMARY KEY AUTOINCREMENT,
    project                 TEXT NOT NULL,
    dollars                 REAL NOT NULL,     -- the most, then what it did cost
    process_id              INTEGER NOT NULL,
    process_started         TEXT NOT NULL,     -- tells a process from a later one of the same number
    reserved_at_unix_nano   INTEGER NOT NULL,
    settled_until_unix_nano INTEGER            -- once it is over: held until then, as the ledger may not have it yet
) STRICT;
