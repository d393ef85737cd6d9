CREATE TABLE things (
    id     text   PRIMARY KEY,
    label  text   NOT NULL,
    owner  text,
    notes  bigint NOT NULL CHECK (notes < 50)
);

CREATE INDEX things_label_idx ON things (label);

CREATE TABLE entries (
    position bigint PRIMARY KEY,
    note     text   NOT NULL
);
