-- Up Migration

-- Hypertables that reach into the lake themselves, through a foreign table that is one of their chunks.
create table tierd.in_place (
  dataset      text primary key,
  table_schema text not null,
  table_name   text not null,
  chunk_schema text not null,
  chunk_name   text not null,
  time_column  text not null,
  time_kind    text not null,
  time_unit    text not null,
  print        text not null,
  -- No cold row is later; how far beyond a new row the end is moved.
  until_us     bigint not null,
  margin_us    bigint not null,
  -- The last transaction that changed which segments are live. Who changes it waits for it, so who sees it has seen all before it.
  changed      xid8 not null default pg_current_xact_id()
);

-- The foreign chunk of a dataset, by what it asks for, whatever it is called by now; null where there is none any more.
create function tierd.chunk_in_place(which text) returns oid language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select min(t.ftrelid) from pg_foreign_table t
  where t.ftoptions @> array['schema_name=in_place', 'table_name=' || which]
    and exists (select from pg_inherits i where i.inhrelid = t.ftrelid)
$$;

-- Moves the end of a foreign chunk beyond a time: PostgreSQL leaves the chunk out of questions of later times. Who calls it
-- has to own the chunk. Where there is none any more, nobody reads the lake through it.
create function tierd.fit_in_place(which text, last_us bigint) returns void language plpgsql
  set search_path = pg_catalog, pg_temp set datestyle = 'ISO, YMD' set timezone = 'UTC'
as $$
declare
  one record;
  chunk oid := tierd.chunk_in_place(which);
  end_us numeric;
  bound text;
begin
  select * into one from tierd.in_place p where p.dataset = which for update;
  if not found or chunk is null or last_us is null or last_us < one.until_us then
    return;
  end if;
  end_us := (floor(last_us / 86400000000.0) + 1) * 86400000000 + one.margin_us;
  bound := case one.time_kind
    when 'timestamptz' then quote_literal(timestamptz '1970-01-01 00:00:00+00' + end_us::float8 * interval '1 microsecond')
    when 'timestamp' then quote_literal(timestamp '1970-01-01 00:00:00' + end_us::float8 * interval '1 microsecond')
    when 'date' then quote_literal(date '1970-01-01' + (end_us / 86400000000)::int)
    else (end_us * case one.time_unit when 's' then 0.000001 when 'ms' then 0.001 when 'ns' then 1000 else 1 end)::bigint::text
  end;
  execute format('alter foreign table %s drop constraint if exists tierd_until, add constraint tierd_until check (%I < %s)',
    chunk::regclass, one.time_column, bound);
  update tierd.in_place p set until_us = end_us where p.dataset = which;
end
$$;

-- However the segments that are live become others, whoever reads a hypertable in place can tell whether his snapshot has it.
-- As its owner: whoever may write segments may not have heard of this table. The end of the foreign chunk is moved by a trigger
-- that `tierd attach` makes, as the owner of the chunk.
create function tierd.note_in_place() returns trigger language plpgsql
  security definer set search_path = pg_catalog, pg_temp
as $$
declare
  which text := case when tg_op = 'DELETE' then old.dataset else new.dataset end;
begin
  update tierd.in_place p set changed = pg_current_xact_id()
  where p.dataset = which and p.changed <> pg_current_xact_id();
  return null;
end
$$;

-- Or anybody could have it note what is in a table of his own.
revoke all on function tierd.note_in_place() from public;

create trigger in_place_inserted after insert on tierd.segments for each row
  when (new.state = 'live') execute function tierd.note_in_place();
create trigger in_place_updated after update on tierd.segments for each row
  when (old.state <> new.state and 'live' in (old.state, new.state)) execute function tierd.note_in_place();
create trigger in_place_deleted after delete on tierd.segments for each row
  when (old.state = 'live') execute function tierd.note_in_place();

-- Down Migration

drop trigger in_place_deleted on tierd.segments;
drop trigger in_place_updated on tierd.segments;
drop trigger in_place_inserted on tierd.segments;
drop function tierd.note_in_place();
drop function tierd.fit_in_place(text, bigint);
drop function tierd.chunk_in_place(text);
drop table tierd.in_place;
