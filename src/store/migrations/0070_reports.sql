-- Since when each report is known, and the last slot that it was told for. What came due in between was missed.
CREATE TABLE report_told (
    name  TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    told  INTEGER
);
