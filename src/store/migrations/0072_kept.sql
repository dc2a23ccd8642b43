-- Since when what is stored is whole: what is older was deleted by age, so that what is left of it says little.
CREATE TABLE kept (
    what   TEXT PRIMARY KEY,
    "from" INTEGER NOT NULL
);
