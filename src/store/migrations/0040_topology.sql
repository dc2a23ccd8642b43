-- What a site's repository named last, as the text that `qlik` writes and reads; `repository` is where it was asked, and on
-- whose behalf: what another said does not count.
CREATE TABLE topology (
    site       TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    at         INTEGER NOT NULL,
    body       TEXT NOT NULL
);

-- What appeared in a topology, and what went.
CREATE TABLE topology_change (
    id       INTEGER PRIMARY KEY,
    site     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    appeared INTEGER NOT NULL,
    what     TEXT NOT NULL
);
CREATE INDEX topology_change_of_site ON topology_change (site, id);
