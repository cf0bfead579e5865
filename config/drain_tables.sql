-- The tables of the drain's examples in unified_config.yaml, in plain PostgreSQL. Every unique key has
-- what tells two rows apart: of lists and streams, where each entry is a row, what names the entry.
-- With TimescaleDB, make hypertables of them by the column of time; each key has it, and the index is made for you.
-- The index by time is what a rotation finds the rows by that are due.

create table if not exists market_data (
  symbol    text not null,
  interval  text not null,
  timestamp timestamptz not null,
  open      numeric,
  high      numeric,
  low       numeric,
  close     numeric,
  volume    numeric,
  primary key (symbol, interval, timestamp)
);
create index if not exists market_data_timestamp on market_data (timestamp);

create table if not exists features (
  symbol    text not null,
  timestamp timestamptz not null,
  values    jsonb not null,
  primary key (symbol, timestamp)
);
create index if not exists features_timestamp on features (timestamp);

create table if not exists social_sentiment (
  symbol    text not null,
  timestamp timestamptz not null,
  score     numeric not null,
  primary key (symbol, timestamp)
);
create index if not exists social_sentiment_timestamp on social_sentiment (timestamp);

create table if not exists trades (
  symbol    text not null,
  timestamp timestamptz not null,
  id        text not null,
  price     numeric not null,
  volume    numeric not null,
  primary key (symbol, timestamp, id)
);
create index if not exists trades_timestamp on trades (timestamp);

create table if not exists signals (
  symbol      text not null,
  signal_type text not null,
  created_at  timestamptz not null,
  body        jsonb not null,
  primary key (symbol, signal_type, created_at)
);
create index if not exists signals_created_at on signals (created_at);

create table if not exists signal_log (
  symbol      text not null,
  signal_type text not null,
  created_at  timestamptz not null,
  entry       uuid not null,
  body        jsonb not null,
  primary key (symbol, signal_type, created_at, entry)
);
create index if not exists signal_log_created_at on signal_log (created_at);

create table if not exists live_state (
  key         text not null,
  captured_at timestamptz not null,
  body        text not null,
  primary key (key, captured_at)
);
create index if not exists live_state_captured_at on live_state (captured_at);
