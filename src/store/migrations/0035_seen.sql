-- Whether somebody saw the last test of a channel, as they answered, and where the channel led then.
CREATE TABLE channel_seen (
    name     TEXT    NOT NULL PRIMARY KEY,
    settings TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    seen     INTEGER NOT NULL
);
