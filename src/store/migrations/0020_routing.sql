-- Kept back whole until its channel's quiet hours are over; how it belongs to the message that it follows, beside mail's own
-- headers; and what the channel calls the message that it took.
ALTER TABLE delivery ADD COLUMN held TEXT;
ALTER TABLE delivery ADD COLUMN thread TEXT;
ALTER TABLE delivery ADD COLUMN receipt TEXT;
CREATE INDEX delivery_receipt ON delivery (channel, message_id) WHERE receipt IS NOT NULL;

-- `asked` is 1 where the channel named the pause itself. `told_down` is when its fallback was told that it is down, and
-- `settings` a keyed hash of where it led then.
ALTER TABLE channel ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN told_down INTEGER;
ALTER TABLE channel ADD COLUMN settings TEXT;

-- Which channel was told of which incident, and in which message: `thread` is the incident's cause, `cause` the message's,
-- empty while it is held back.
CREATE TABLE told (
    thread  TEXT NOT NULL,
    channel TEXT NOT NULL,
    cause   TEXT,
    title   TEXT NOT NULL,
    PRIMARY KEY (thread, channel)
);
CREATE INDEX told_in ON told (channel, cause);
CREATE INDEX incident_cause ON incident (cause);
INSERT INTO told (thread, channel, cause, title)
SELECT d.cause, d.channel, d.cause, min(d.title) FROM delivery d JOIN incident i ON i.cause = d.cause
WHERE i.state = 'open' GROUP BY d.cause, d.channel;

-- What a channel is not told now, but in a summary later.
CREATE TABLE held (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    channel  TEXT NOT NULL,
    cause    TEXT NOT NULL,
    held     TEXT NOT NULL CHECK (held IN ('quiet', 'cap')),
    at       INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    severity TEXT NOT NULL,
    site     TEXT,
    source   TEXT,
    title    TEXT NOT NULL,
    thread   TEXT,
    UNIQUE (cause, channel)
);

-- When each channel was first known, when it last took something, and how many messages it was told in its current hour.
CREATE TABLE channel_use (
    name      TEXT PRIMARY KEY,
    since     INTEGER NOT NULL,
    used      INTEGER,
    hour_from INTEGER,
    hour_told INTEGER NOT NULL DEFAULT 0
);
