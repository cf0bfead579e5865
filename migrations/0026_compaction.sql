-- Up Migration

-- A compaction publishes segments and retires others in one move, and no row leaves the hot store.
alter table tierd.moves drop constraint moves_removal_check;
alter table tierd.moves add constraint moves_removal_check check (removal in ('drop', 'delete', 'none'));

-- Down Migration

alter table tierd.moves drop constraint moves_removal_check;
alter table tierd.moves add constraint moves_removal_check check (removal in ('drop', 'delete'));
