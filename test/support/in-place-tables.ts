/** Hypertables of chunks that are dropped, and of one whose rows are deleted; and tables that can be in no such place. */
export const IN_PLACE_TABLES = `
      create table chunks (ts timestamptz not null, id int not null check (id > 0), note text not null, primary key (ts, id));
      select create_hypertable('chunks', 'ts', chunk_time_interval => interval '1 day');
      create table wide (ts timestamptz not null, id int not null, note text);
      select create_hypertable('wide', 'ts', chunk_time_interval => interval '365 days');
      create collation folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      create table folded (ts timestamptz not null, note text collate folding);
      select create_hypertable('folded', 'ts');
      create table computed (ts timestamptz not null, id int, twice int generated always as (id * 2) stored);
      select create_hypertable('computed', 'ts');
      create table spaced (ts timestamptz not null, note text not null);
      select create_hypertable('spaced', 'ts', 'note', 4);
      create table plain_t (ts timestamptz not null, id int not null);`;
