CREATE TABLE games (
    id                 text        PRIMARY KEY,
    date               date        NOT NULL,
    time               text        NOT NULL,
    league             text        NOT NULL,
    league_key         text        NOT NULL,
    home_team          text        NOT NULL,
    away_team          text        NOT NULL,
    home_words         jsonb       NOT NULL,
    away_words         jsonb       NOT NULL,
    printed_home_team  text        NOT NULL,
    printed_away_team  text        NOT NULL,
    venue_note         text,
    code               text        NOT NULL,
    sheet_day          date        NOT NULL,
    page               bigint      NOT NULL,
    document_id        text        NOT NULL,
    offer_position     bigint      NOT NULL,
    issue_date         date,
    main_market        jsonb,
    additional_markets jsonb       NOT NULL,
    offers             bigint      NOT NULL,
    listed_at          timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    version            bigint      NOT NULL
);

-- The order of every list, by itself and within a league.
CREATE INDEX games_date_idx ON games (date, time, league, home_team, id);
CREATE INDEX games_league_key_idx ON games (league_key, date, time, league, home_team, id);
CREATE INDEX games_home_words_idx ON games USING gin (home_words jsonb_path_ops);
CREATE INDEX games_away_words_idx ON games USING gin (away_words jsonb_path_ops);

-- How many games there are in all: a list without a filter does not count them again.
CREATE TABLE counts (
    counted text   PRIMARY KEY,
    count   bigint NOT NULL
);

-- How many games a team was first listed with in a league.
CREATE TABLE league_teams (
    league text   NOT NULL,
    team   text   NOT NULL,
    count  bigint NOT NULL,
    PRIMARY KEY (league, team)
);

CREATE TABLE offers (
    position    bigint      PRIMARY KEY,
    game_id     text        NOT NULL,
    document_id text        NOT NULL,
    job_id      text        NOT NULL,
    issue_date  date,
    arrived_at  timestamptz NOT NULL,
    page        bigint      NOT NULL,
    markets     jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL
);

CREATE INDEX offers_game_id_idx ON offers (game_id, position);
