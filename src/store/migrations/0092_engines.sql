-- How an engine was over half an hour of the clock, of the polls that looked at it: numbers alone, however many polls there
-- were. Half hours, since a day begins with one nearly everywhere. Memory is in MB; `free_sum` over `free_told` is its mean.
-- `saturated` is how long it was so, in milliseconds, of the `flagged` polls that told whether; `started` is when it last
-- began, as far as anybody knows, and `restarts` how often that was news.
CREATE TABLE engine (
    id           INTEGER PRIMARY KEY,
    site         TEXT NOT NULL,
    host         TEXT NOT NULL,
    "from"       INTEGER NOT NULL,
    asked        INTEGER NOT NULL,
    seen         INTEGER NOT NULL,
    free_min     INTEGER,
    free_at      INTEGER,
    free_max     INTEGER,
    free_sum     INTEGER NOT NULL,
    free_told    INTEGER NOT NULL,
    total        INTEGER,
    flagged      INTEGER NOT NULL,
    saturated    INTEGER NOT NULL,
    restarts     INTEGER NOT NULL,
    started      INTEGER,
    users_max    INTEGER,
    sessions_max INTEGER,
    UNIQUE (site, "from", host)
);
