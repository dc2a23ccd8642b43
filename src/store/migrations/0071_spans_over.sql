-- Sessions that go on over an instant are found without a look at each that ended later.
DROP INDEX span_ended;
CREATE INDEX span_ended ON span (pair, ended, began);
