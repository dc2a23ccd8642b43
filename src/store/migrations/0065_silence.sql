-- What an operator does not want told for a while: one site's or, where it is empty, every site's rules by name or pattern.
-- `ended` is when somebody ended it before its time.
CREATE TABLE silence (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    site  TEXT,
    rule  TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    why   TEXT NOT NULL,
    who   TEXT NOT NULL,
    ended INTEGER
);
CREATE INDEX silence_until ON silence (until) WHERE ended IS NULL;
