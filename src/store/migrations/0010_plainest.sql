-- What is sent where the plainer form of a payload is refused, too.
ALTER TABLE delivery ADD COLUMN plainest TEXT;
