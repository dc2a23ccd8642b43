-- What befell headcount itself, so that it can say why it missed its checks. `turn` is the word for it, `boot` names the start of
-- the machine that it happened in, and `length` is in milliseconds, where there is one.
CREATE TABLE life (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    turn   TEXT NOT NULL CHECK (turn IN ('started', 'started anew', 'stopped', 'slept', 'clock set')),
    boot   TEXT,
    length INTEGER
);
CREATE INDEX life_at ON life (at);
