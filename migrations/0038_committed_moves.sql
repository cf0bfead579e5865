-- Up Migration

-- How many moves of each dataset are committed: the version that each answer carries. To count 100,000 of them takes
-- longer than to answer most questions. One row a dataset, whose moves commit one after the other: no commit
-- waits for another's here.
create table tierd.committed_moves (
  dataset text not null primary key,
  moves bigint not null
);

-- Nobody commits between the count and the triggers.
lock table tierd.moves in share row exclusive mode;

insert into tierd.committed_moves (dataset, moves)
select dataset, count(*) from tierd.moves where state in ('committed', 'finished') group by dataset;

-- By a trigger, so that no statement that commits a move can forget it, an older tierd's among them. As its owner:
-- whoever may write moves may not have heard of this table.
create function tierd.count_committed_moves() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op <> 'DELETE' then
    insert into tierd.committed_moves as known (dataset, moves)
    select dataset, count(*) from after_rows where state in ('committed', 'finished') group by dataset order by dataset
    on conflict (dataset) do update set moves = known.moves + excluded.moves;
  end if;
  if tg_op <> 'INSERT' then
    update tierd.committed_moves known set moves = known.moves - gone.moves
    from (
      select dataset, count(*) as moves from before_rows where state in ('committed', 'finished') group by dataset
    ) gone
    where known.dataset = gone.dataset;
  end if;
  return null;
end
$$;

-- Or anybody could have it count what is in a table of his own.
revoke all on function tierd.count_committed_moves() from public;

create trigger moves_inserted after insert on tierd.moves
  referencing new table as after_rows for each statement execute function tierd.count_committed_moves();
create trigger moves_updated after update on tierd.moves
  referencing old table as before_rows new table as after_rows
  for each statement execute function tierd.count_committed_moves();
create trigger moves_deleted after delete on tierd.moves
  referencing old table as before_rows for each statement execute function tierd.count_committed_moves();

-- Down Migration

drop trigger moves_deleted on tierd.moves;
drop trigger moves_updated on tierd.moves;
drop trigger moves_inserted on tierd.moves;
drop function tierd.count_committed_moves();
drop table tierd.committed_moves;
