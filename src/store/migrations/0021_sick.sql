-- When a channel that was down took something again; the row stays until its fallback has been told.
ALTER TABLE channel ADD COLUMN well INTEGER;
