-- When an incident that a channel was told of began; and when it was calm again, where it is a flapping one, which is no incident
-- of its own. `closed` is 1 once the message that told it is being changed to say that it is over.
ALTER TABLE told ADD COLUMN since INTEGER;
ALTER TABLE told ADD COLUMN calm INTEGER;
ALTER TABLE told ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX told_goes_on ON told (channel, cause) WHERE closed = 0;
