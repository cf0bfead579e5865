-- The tables of the drain's examples in unified_config.yaml, in plain PostgreSQL. Every unique key has
-- what tells two rows apart: of lists and streams, where each entry is a row, what names the entry.
-- With TimescaleDB, make hypertables of them by the column of time; each key has it.

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

create table if not exists features (
  symbol    text not null,
  timestamp timestamptz not null,
  values    jsonb not null,
  primary key (symbol, timestamp)
);

create table if not exists social_sentiment (
  symbol    text not null,
  timestamp timestamptz not null,
  score     numeric not null,
  primary key (symbol, timestamp)
);

create table if not exists trades (
  symbol    text not null,
  timestamp timestamptz not null,
  id        text not null,
  price     numeric not null,
  volume    numeric not null,
  primary key (symbol, timestamp, id)
);

create table if not exists signals (
  symbol      text not null,
  signal_type text not null,
  created_at  timestamptz not null,
  body        jsonb not null,
  primary key (symbol, signal_type, created_at)
);

create table if not exists signal_log (
  symbol      text not null,
  signal_type text not null,
  created_at  timestamptz not null,
  entry       uuid not null,
  body        jsonb not null,
  primary key (symbol, signal_type, created_at, entry)
);

create table if not exists live_state (
  key         text not null,
  captured_at timestamptz not null,
  body        text not null,
  primary key (key, captured_at)
);
