-- The part of its site that an incident is about: a proxy, a virtual proxy (empty for the default one) or a directory; none
-- where it is about the whole. `peak` is the number that was furthest from what is right, and `peak_at` when it was first seen.
ALTER TABLE incident ADD COLUMN part TEXT;
ALTER TABLE incident ADD COLUMN peak INTEGER;
ALTER TABLE incident ADD COLUMN peak_at INTEGER;
DROP INDEX incident_live;
CREATE UNIQUE INDEX incident_live ON incident (site, rule) WHERE state <> 'closed' AND part IS NULL;
CREATE UNIQUE INDEX incident_live_part ON incident (site, rule, part) WHERE state <> 'closed' AND part IS NOT NULL;
