-- What the repository says of people who were seen: their address of mail, and when it was asked. Both go with the person.
ALTER TABLE person ADD COLUMN mail TEXT;
ALTER TABLE person ADD COLUMN looked_up INTEGER;
-- When it was asked what they are called, which is asked of more of them than an address.
ALTER TABLE person ADD COLUMN named INTEGER;
