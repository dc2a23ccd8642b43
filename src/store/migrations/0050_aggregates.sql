-- What the past is asked for: who was there in a period, whether somebody was there before, and what is old.

-- The time to the next poll that the schedule asked for, in milliseconds: how long a reading's last poll speaks for.
ALTER TABLE reading ADD COLUMN step INTEGER;

CREATE INDEX span_person ON span (person, began) WHERE person IS NOT NULL;
CREATE INDEX span_ended ON span (pair, ended);

-- Readings that have grown old, put together: what one pair, or the site as a whole, showed within one hour, over polls that
-- followed each other and were all answered. `length` is the time that the polls speak for, from "from" on; a `…_time` is the
-- number times the milliseconds that it was so, and a `…_peak` the first moment of the highest. What was not fully answered is
-- kept as readings.
CREATE TABLE hour (
    id             INTEGER PRIMARY KEY,
    site           TEXT NOT NULL,
    pair           INTEGER REFERENCES pair (id),
    "from"         INTEGER NOT NULL,
    "to"           INTEGER NOT NULL,
    length         INTEGER NOT NULL,
    step           INTEGER NOT NULL,
    polls          INTEGER NOT NULL,
    asked          INTEGER NOT NULL,
    sessions_min   INTEGER NOT NULL,
    sessions_max   INTEGER NOT NULL,
    sessions_peak  INTEGER NOT NULL,
    sessions_time  INTEGER NOT NULL,
    users_min      INTEGER NOT NULL,
    users_max      INTEGER NOT NULL,
    users_peak     INTEGER NOT NULL,
    users_time     INTEGER NOT NULL,
    anonymous_min  INTEGER NOT NULL,
    anonymous_max  INTEGER NOT NULL,
    anonymous_peak INTEGER NOT NULL,
    anonymous_time INTEGER NOT NULL
);
CREATE INDEX hour_of_pair ON hour (pair, "to") WHERE pair IS NOT NULL;
CREATE INDEX hour_of_site ON hour (site, "to") WHERE pair IS NULL;
