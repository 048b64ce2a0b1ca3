-- One row a call of a model, written as soon as it returned or failed. What was not told stays NULL: nothing is guessed.
CREATE TABLE calls (
    call_id               INTEGER PRIMARY KEY,
    called_at_unix_nano   INTEGER NOT NULL,  -- when it had ended
    project               TEXT NOT NULL,     -- the working directory
    escalation_id         TEXT,              -- one of both at least; a conversation is an escalation too
    conversation_id       TEXT,
    turn                  INTEGER,
    task                  TEXT,              -- execution_trace, triage, summary ...
    provider              TEXT NOT NULL,
    model                 TEXT NOT NULL,
    input_tokens          INTEGER,           -- NULL where the provider counted nothing, as when the call failed
    output_tokens         INTEGER,
    cached_tokens         INTEGER,           -- part of the input
    thinking_tokens       INTEGER,           -- part of the output
    cache_write_tokens    INTEGER,           -- part of the input
    dollars               REAL,              -- NULL where the price is not known
    seconds               REAL,
    error                 TEXT,              -- "RateLimitedError: ..."; NULL where a reply came
    CHECK (escalation_id IS NOT NULL OR conversation_id IS NOT NULL)
) STRICT;
CREATE INDEX calls_by_time ON calls (called_at_unix_nano);
CREATE INDEX calls_by_escalation ON calls (escalation_id);
CREATE INDEX calls_by_conversation ON calls (conversation_id);

-- Escalations from before this table: what each sent was one sum.
INSERT INTO calls (
    called_at_unix_nano, project, escalation_id, task, provider, model,
    input_tokens, output_tokens, cached_tokens, thinking_tokens, dollars, seconds
)
SELECT
    e.finished_at_unix_nano, d.project, e.escalation_id, e.analysis_type, e.provider, e.model,
    e.input_tokens, e.output_tokens, e.cached_tokens, e.thinking_tokens, e.dollars, NULL
FROM escalations AS e
JOIN decisions AS d ON d.decision_id = e.decision_id
WHERE e.input_tokens IS NOT NULL AND e.finished_at_unix_nano IS NOT NULL;

-- How an escalation ended, as somebody reported. The newest report of an escalation counts, the older ones stay.
CREATE TABLE outcomes (
    outcome_id            INTEGER PRIMARY KEY,
    escalation_id         TEXT NOT NULL REFERENCES escalations (escalation_id),
    reported_at_unix_nano INTEGER NOT NULL,
    outcome               TEXT NOT NULL CHECK (outcome IN ('solved', 'partly', 'wrong')),
    cause_right           INTEGER CHECK (cause_right IN (0, 1)),  -- the cause that was named is the cause
    verified              INTEGER CHECK (verified IN (0, 1)),     -- by a test, a measurement, the fix in production
    minutes_saved         REAL,              -- in a person's own words
    minutes_estimated     REAL,              -- from the attempts made and their times (outcome.py); never mixed with it
    note                  TEXT
) STRICT;
CREATE INDEX outcomes_by_escalation ON outcomes (escalation_id);

-- The outcome lives in its own table now.
ALTER TABLE escalations DROP COLUMN outcome;
ALTER TABLE escalations DROP COLUMN minutes_saved;

-- When an agent's session was last told that it goes round in circles: once is enough for a while.
CREATE TABLE told_sessions (
    session_id            TEXT PRIMARY KEY,
    told_at_unix_nano     INTEGER NOT NULL
) STRICT;
