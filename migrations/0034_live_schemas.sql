-- Up Migration

-- How many segments of each dataset are live, by the columns that they were written with, and how long the longest
-- ever was. To count 100,000 of them takes longer than to answer most questions; and what begins before the
-- first instant of a question by more than the longest lasts need not be looked at.
create table tierd.live_schemas (
  dataset text not null,
  schema_id text not null,
  segments bigint not null,
  -- Microseconds; as numeric, for it may be more than a bigint holds. It never shrinks.
  longest_us numeric not null,
  primary key (dataset, schema_id)
);

-- Nobody publishes between the count and the triggers.
lock table tierd.segments in share row exclusive mode;

insert into tierd.live_schemas (dataset, schema_id, segments, longest_us)
select dataset, schema_id, count(*), max(max_time_us::numeric - min_time_us)
from tierd.segments where state = 'live' group by dataset, schema_id;

-- By a trigger, so that no statement that makes a segment live or retires it can forget it, an older tierd's
-- among them. As its owner: whoever may write segments may not have heard of this table.
create function tierd.count_live_segments() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op <> 'DELETE' then
    insert into tierd.live_schemas as known (dataset, schema_id, segments, longest_us)
    select dataset, schema_id, count(*), max(max_time_us::numeric - min_time_us)
    from after_rows where state = 'live' group by dataset, schema_id order by dataset, schema_id
    on conflict (dataset, schema_id) do update
      set segments = known.segments + excluded.segments,
          longest_us = greatest(known.longest_us, excluded.longest_us);
  end if;
  if tg_op <> 'INSERT' then
    update tierd.live_schemas known set segments = known.segments - gone.segments
    from (
      select dataset, schema_id, count(*) as segments
      from before_rows where state = 'live' group by dataset, schema_id
    ) gone
    where known.dataset = gone.dataset and known.schema_id = gone.schema_id;
  end if;
  return null;
end
$$;

-- Or anybody could have it count what is in a table of his own.
revoke all on function tierd.count_live_segments() from public;

create trigger live_inserted after insert on tierd.segments
  referencing new table as after_rows for each statement execute function tierd.count_live_segments();
create trigger live_updated after update on tierd.segments
  referencing old table as before_rows new table as after_rows
  for each statement execute function tierd.count_live_segments();
create trigger live_deleted after delete on tierd.segments
  referencing old table as before_rows for each statement execute function tierd.count_live_segments();

-- Down Migration

drop trigger live_deleted on tierd.segments;
drop trigger live_updated on tierd.segments;
drop trigger live_inserted on tierd.segments;
drop function tierd.count_live_segments();
drop table tierd.live_schemas;
