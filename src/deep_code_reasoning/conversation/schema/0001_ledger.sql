-- Why a specialist was, or was not, called for. One row a decision, whatever it was.
CREATE TABLE decisions (
    decision_id           TEXT PRIMARY KEY,
    decided_at_unix_nano  INTEGER NOT NULL,
    project               TEXT NOT NULL,     -- the working directory
    escalate              INTEGER NOT NULL CHECK (escalate IN (0, 1)),
    reasons               TEXT NOT NULL,     -- JSON: every measure, its value, threshold, and whether it was exceeded
    measured              TEXT NOT NULL,     -- JSON: what was counted, and how far the counting went
    request               TEXT NOT NULL      -- JSON: the call, complete enough to be made again
) STRICT;
CREATE INDEX decisions_by_time ON decisions (decided_at_unix_nano);

-- What an escalation cost and found. Written when it starts, completed when it ends: a row without an end was cut off.
CREATE TABLE escalations (
    escalation_id         TEXT PRIMARY KEY,
    decision_id           TEXT NOT NULL REFERENCES decisions (decision_id),
    started_at_unix_nano  INTEGER NOT NULL,
    finished_at_unix_nano INTEGER,           -- NULL while it runs, or where its process died
    process_id            INTEGER NOT NULL,
    analysis_type         TEXT NOT NULL,
    triggers              TEXT NOT NULL,     -- JSON: the texts of the exceeded thresholds, [] when the caller escalated anyway
    investigation         TEXT,
    route                 TEXT,              -- why this specialist, or why none
    provider              TEXT,
    model                 TEXT,
    input_tokens          INTEGER,           -- NULL where nothing was sent
    output_tokens         INTEGER,
    cached_tokens         INTEGER,
    thinking_tokens       INTEGER,
    dollars               REAL,              -- NULL where the price is not known
    seconds               REAL,
    verdict_kind          TEXT,
    verdict_summary       TEXT,
    verdict_confidence    REAL,
    verdict_service       TEXT,
    verdict_commit        TEXT,
    finding_count         INTEGER,
    brief_manifest        TEXT,              -- JSON: what the specialist was given, left out, redacted
    error                 TEXT,              -- one line; the diagnosis may stand all the same
    outcome               TEXT,              -- NULL until somebody says how it ended
    minutes_saved         REAL               -- NULL until then: never guessed
) STRICT;
CREATE INDEX escalations_by_time ON escalations (started_at_unix_nano);

-- Results too long for one message, kept so that the rest can be paged; the newest are kept, see answers.py.
CREATE TABLE answers (
    answer_id             TEXT PRIMARY KEY,
    kept_at_unix_nano     INTEGER NOT NULL,
    content               BLOB NOT NULL,     -- zlib over JSON
    bytes                 INTEGER NOT NULL   -- of content
) STRICT;
CREATE INDEX answers_by_time ON answers (kept_at_unix_nano);
