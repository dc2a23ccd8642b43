-- What people are called in place of their names: `who` is a keyed hash of somebody's directory and id, `words` are theirs
-- alone, and `used` is when they were asked for last. Where somebody was forgotten, `who` is chance.
CREATE TABLE pseudonym (
    who   BLOB PRIMARY KEY,
    words TEXT NOT NULL UNIQUE,
    used  INTEGER NOT NULL
);

-- How a person is called here: 'full' by directory and id, 'pseudonym' by words, 'hidden' not at all, or 'forgotten' by words
-- that nothing leads to. But for the first, `id_key` is a keyed hash or chance, and there is no display name.
ALTER TABLE person ADD COLUMN called TEXT NOT NULL DEFAULT 'full';

-- Counts up whenever what is stored of people was changed beside the polls: what is in memory is then of no use.
CREATE TABLE memory (
    generation INTEGER NOT NULL
);
INSERT INTO memory (generation) VALUES (0);
