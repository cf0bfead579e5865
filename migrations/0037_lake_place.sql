-- Up Migration

-- A copy of a lake has the same marks as the lake. What tells an older one is that it lacks what was published
-- since, so the ledger notes where it last used the lake, and since when all that it published must lie there.
-- Null: not noted yet, and all of it.
alter table tierd.lake
  add column place text,
  add column whole_since timestamptz;

-- A new lake need not hold what was published into another.
alter table tierd.lake
  alter column whole_since set default clock_timestamp();

-- Down Migration

alter table tierd.lake
  drop column whole_since,
  drop column place;
