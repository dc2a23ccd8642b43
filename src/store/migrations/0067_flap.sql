-- How often a damped rule opened on a part of a site. `openings` are instants, parted by commas. While it flaps: since when, how
-- often, when it last opened or closed, and the cause of the message that told it.
CREATE TABLE flap (
    id       INTEGER PRIMARY KEY,
    site     TEXT NOT NULL,
    rule     TEXT NOT NULL,
    part     TEXT,
    openings TEXT NOT NULL,
    since    INTEGER,
    times    INTEGER,
    last     INTEGER,
    cause    TEXT
);
CREATE INDEX flap_site ON flap (site, rule);

-- `held` is 1 where something of the incident waits to be told until a silence or a maintenance is over. `form` tells one wording of
-- a rule from another, so that an incident is not closed aloud by a rule that was changed.
ALTER TABLE incident ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN form TEXT;
CREATE INDEX incident_held ON incident (site) WHERE held = 1;
