-- Up Migration

-- A lake belongs to one ledger of one database. A copy of the ledger has the same id, so the lake also
-- notes where its owner lies. Epoch 0: the lake has not been claimed yet. A row from before this has
-- published into a lake that was marked.
alter table tierd.lake
  add column ledger_id uuid not null default gen_random_uuid(),
  add column epoch integer not null default 0 check (epoch >= 0),
  add column is_marked boolean not null default true;

-- Down Migration

alter table tierd.lake
  drop column ledger_id,
  drop column epoch,
  drop column is_marked;
