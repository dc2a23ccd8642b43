-- Times are milliseconds since 1970, UTC. Texts that say a state are the words that the command line shows.

CREATE TABLE pair (
    id     INTEGER PRIMARY KEY,
    site   TEXT NOT NULL,
    proxy  TEXT NOT NULL,
    prefix TEXT NOT NULL,
    UNIQUE (site, proxy, prefix)
);

-- Found by lower case, shown as first received.
CREATE TABLE person (
    id            INTEGER PRIMARY KEY,
    directory_key TEXT NOT NULL,
    id_key        TEXT NOT NULL,
    directory     TEXT NOT NULL,
    user_id       TEXT NOT NULL,
    name          TEXT,
    UNIQUE (directory_key, id_key)
);

-- One session from its beginning to its end. `session` is a keyed hash; `person` is empty for an anonymous visitor.
-- `at_least` is 1 where the session was there already at the pair's first poll, so that its true beginning is unknown.
-- While it is open, it was last seen when its pair was.
CREATE TABLE span (
    id        INTEGER PRIMARY KEY,
    pair      INTEGER NOT NULL REFERENCES pair (id),
    session   BLOB NOT NULL,
    person    INTEGER REFERENCES person (id),
    began     INTEGER NOT NULL,
    at_least  INTEGER NOT NULL,
    last_seen INTEGER,
    ended     INTEGER
);
CREATE UNIQUE INDEX span_open ON span (pair, session) WHERE ended IS NULL;
CREATE INDEX span_began ON span (pair, began);

-- What one pair showed over a stretch of polls, or, where `pair` is empty, the site as a whole: its users are distinct over
-- its pairs, so they cannot be added up. `why` is the word for why a pair was not seen, and then there are no counts.
CREATE TABLE reading (
    id        INTEGER PRIMARY KEY,
    site      TEXT NOT NULL,
    pair      INTEGER REFERENCES pair (id),
    "from"    INTEGER NOT NULL,
    "to"      INTEGER NOT NULL,
    polls     INTEGER NOT NULL,
    answered  INTEGER NOT NULL,
    asked     INTEGER NOT NULL,
    sessions  INTEGER,
    users     INTEGER,
    anonymous INTEGER,
    why       TEXT
);
CREATE INDEX reading_of_pair ON reading (pair, id) WHERE pair IS NOT NULL;
CREATE INDEX reading_of_site ON reading (site, "to") WHERE pair IS NULL;

-- A finding that lasts; `kind` is its rule's. An event opens and closes at once.
CREATE TABLE incident (
    id         INTEGER PRIMARY KEY,
    site       TEXT NOT NULL,
    rule       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    severity   TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('pending', 'open', 'closed')),
    since      INTEGER NOT NULL,
    last_shown INTEGER NOT NULL,
    polls      INTEGER NOT NULL,
    opened     INTEGER,
    told_at    INTEGER,
    told       INTEGER NOT NULL,
    closed     INTEGER,
    cause      TEXT
);
CREATE UNIQUE INDEX incident_live ON incident (site, rule) WHERE state <> 'closed';
CREATE INDEX incident_since ON incident (site, since);

-- The last slot that was dealt with, advanced by compare-and-set.
CREATE TABLE schedule (
    name      TEXT PRIMARY KEY,
    last_slot INTEGER NOT NULL
);

-- The promise to bring one payload to one channel; `form` is the kind of channel that it was made for. A body is emptied once delivered.
CREATE TABLE delivery (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    cause         TEXT NOT NULL,
    channel       TEXT NOT NULL,
    recipient     TEXT NOT NULL,
    kind          TEXT NOT NULL,
    form          TEXT NOT NULL,
    title         TEXT NOT NULL,
    body          TEXT NOT NULL,
    plainer       TEXT,
    message_id    TEXT NOT NULL,
    in_reply_to   TEXT,
    urgent        INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    due           INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'given up', 'dropped')),
    attempts      INTEGER NOT NULL DEFAULT 0,
    claimed_until INTEGER,
    settled       INTEGER,
    last_error    TEXT,
    UNIQUE (cause, channel, recipient)
);
CREATE INDEX delivery_pending ON delivery (channel, recipient, urgent, id) WHERE state = 'pending';
CREATE INDEX delivery_state ON delivery (state, id);

-- One try at a delivery. `outcome` is empty while it goes on, and stays so if headcount died meanwhile.
CREATE TABLE attempt (
    id       INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    began    INTEGER NOT NULL,
    ended    INTEGER,
    outcome  TEXT,
    why      TEXT,
    UNIQUE (delivery, number)
);

-- A channel that asked for a pause, or that is down: its messages wait.
CREATE TABLE channel (
    name         TEXT PRIMARY KEY,
    paused_until INTEGER NOT NULL,
    down_since   INTEGER,
    failures     INTEGER NOT NULL,
    why          TEXT
);
