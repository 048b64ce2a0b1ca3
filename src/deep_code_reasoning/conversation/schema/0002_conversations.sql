-- A conversation with a specialist: its brief, what it was shown since, and how it stands. `expired` is no state of its
-- own: it follows from the clock.
CREATE TABLE conversations (
    conversation_id       TEXT PRIMARY KEY,
    project               TEXT NOT NULL,     -- the working directory, links resolved
    escalation_id         TEXT REFERENCES escalations (escalation_id),
    parent_id             TEXT,              -- what it was forked from, and after which turn
    parent_turn           INTEGER,
    investigation         TEXT NOT NULL,
    request               TEXT NOT NULL,     -- JSON: the call, complete enough to be made again
    model                 TEXT NOT NULL,
    provider              TEXT NOT NULL,
    route                 TEXT NOT NULL,     -- why this model
    system                TEXT NOT NULL,     -- the system prompt, the same for every turn
    brief                 BLOB NOT NULL,     -- zlib over text; of nothing with the local analyst
    manifest              BLOB NOT NULL,     -- zlib over JSON; of null with the local analyst
    diagnosis             BLOB NOT NULL,     -- zlib over JSON: what the local diagnosis said at the start
    shown                 BLOB NOT NULL,     -- zlib over JSON: hashes of files and evidence as the brief told them
    state                 TEXT NOT NULL CHECK (state IN ('open', 'finished')),
    summary               TEXT,              -- JSON, once it is finished
    agreed_dollars        REAL NOT NULL DEFAULT 0,  -- up to which a person agreed that it may cost
    created_at_unix_nano  INTEGER NOT NULL,
    active_at_unix_nano   INTEGER NOT NULL,
    expires_at_unix_nano  INTEGER NOT NULL
) STRICT;
CREATE INDEX conversations_by_project ON conversations (project, active_at_unix_nano);

-- One question and what came of it. A turn that runs belongs to a process; where that is gone, it is interrupted.
CREATE TABLE turns (
    conversation_id       TEXT NOT NULL REFERENCES conversations (conversation_id) ON DELETE CASCADE,
    number                INTEGER NOT NULL,  -- from 1
    kind                  TEXT NOT NULL CHECK (kind IN ('question', 'summary')),
    state                 TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    question              TEXT NOT NULL,     -- as the caller put it; of a summary its format
    with_snippets         INTEGER NOT NULL DEFAULT 0 CHECK (with_snippets IN (0, 1)),
    asked_at_unix_nano    INTEGER NOT NULL,
    started_at_unix_nano  INTEGER,
    finished_at_unix_nano INTEGER,
    process_id            INTEGER,
    process_started       TEXT,              -- tells a process from a later one of the same number
    pending               TEXT,              -- a run that goes on at the provider
    diagnosis             BLOB,              -- as in conversations, where this turn told something newer
    shown                 BLOB,
    model                 TEXT,              -- those that answered
    provider              TEXT,
    analysis              TEXT,              -- JSON
    problems              TEXT,              -- JSON: citations that do not hold, repairs made
    questions             TEXT,              -- JSON: what the model asks the caller
    input_tokens          INTEGER NOT NULL DEFAULT 0,  -- of every reply, also of those of a turn that was cut off
    output_tokens         INTEGER NOT NULL DEFAULT 0,
    cached_tokens         INTEGER NOT NULL DEFAULT 0,
    thinking_tokens       INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens    INTEGER NOT NULL DEFAULT 0,
    dollars               REAL NOT NULL DEFAULT 0,
    dollars_without_cache REAL NOT NULL DEFAULT 0,     -- the same tokens, none of them cached
    unpriced_calls        INTEGER NOT NULL DEFAULT 0,  -- replies with no known price: the dollars leave them out
    calls                 INTEGER NOT NULL DEFAULT 0,
    seconds               REAL NOT NULL DEFAULT 0,     -- of asking and of tools
    error                 TEXT,
    PRIMARY KEY (conversation_id, number)
) STRICT, WITHOUT ROWID;

-- Every message, from the moment it exists.
CREATE TABLE messages (
    conversation_id       TEXT NOT NULL,
    position              INTEGER NOT NULL,  -- from 0, over the whole conversation
    turn_number           INTEGER NOT NULL,
    kept_at_unix_nano     INTEGER NOT NULL,
    message               BLOB NOT NULL,     -- zlib over JSON, a Message of specialists/port.py
    PRIMARY KEY (conversation_id, position),
    FOREIGN KEY (conversation_id, turn_number) REFERENCES turns (conversation_id, number) ON DELETE CASCADE
) STRICT;

-- Every call of a tool with its answer, from the moment there is one.
CREATE TABLE tool_calls (
    conversation_id       TEXT NOT NULL,
    turn_number           INTEGER NOT NULL,
    position              INTEGER NOT NULL,  -- from 0, within the turn
    call_id               TEXT NOT NULL,
    name                  TEXT NOT NULL,
    arguments             TEXT NOT NULL,     -- JSON
    answer                BLOB NOT NULL,     -- zlib over text
    is_error              INTEGER NOT NULL CHECK (is_error IN (0, 1)),
    seconds               REAL NOT NULL,
    kept_at_unix_nano     INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, turn_number, position),
    FOREIGN KEY (conversation_id, turn_number) REFERENCES turns (conversation_id, number) ON DELETE CASCADE
) STRICT;

-- Caches at providers that are not known to be closed: they cost until they are, or until they expire. Not deleted with
-- their conversation: whoever comes next closes them.
CREATE TABLE caches (
    cache_name            TEXT PRIMARY KEY,
    provider              TEXT NOT NULL,
    model                 TEXT NOT NULL,
    conversation_id       TEXT NOT NULL,
    tokens                INTEGER NOT NULL,
    expires_at_unix       REAL NOT NULL      -- seconds, as the provider says
) STRICT;
CREATE INDEX caches_by_conversation ON caches (conversation_id);
