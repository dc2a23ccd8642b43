-- When an incident that a channel was told of began; and when it was calm again, where it is a flapping one, which is no incident
-- of its own.
ALTER TABLE told ADD COLUMN since INTEGER;
ALTER TABLE told ADD COLUMN calm INTEGER;
