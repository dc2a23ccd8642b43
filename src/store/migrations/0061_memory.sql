-- What rules remember from poll to poll. `part` is empty for the whole of a site, else `=` and the name of the part.

-- The same number over a stretch of polls, as far back as its rule compares.
CREATE TABLE run (
    site   TEXT NOT NULL,
    rule   TEXT NOT NULL,
    part   TEXT NOT NULL,
    "from" INTEGER NOT NULL,
    "to"   INTEGER NOT NULL,
    value  INTEGER NOT NULL,
    asked  INTEGER NOT NULL,
    PRIMARY KEY (site, rule, part, "from")
) WITHOUT ROWID;

-- The lowest and the highest number of an hour, and for how many milliseconds of it its polls speak.
CREATE TABLE usual (
    site    TEXT NOT NULL,
    rule    TEXT NOT NULL,
    part    TEXT NOT NULL,
    hour    INTEGER NOT NULL,
    lowest  INTEGER NOT NULL,
    highest INTEGER NOT NULL,
    seen    INTEGER NOT NULL,
    PRIMARY KEY (site, rule, part, hour)
) WITHOUT ROWID;

-- Who was told to be near a limit of sessions, or at it, and since when they have fewer again.
CREATE TABLE climb (
    site      TEXT NOT NULL,
    rule      TEXT NOT NULL,
    person    INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    step      INTEGER NOT NULL,
    low_since INTEGER,
    PRIMARY KEY (site, rule, person)
) WITHOUT ROWID;
CREATE INDEX climb_person ON climb (person);
