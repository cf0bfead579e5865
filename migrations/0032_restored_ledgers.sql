-- Up Migration

-- A dump that is restored into the database that it was made of has the same system identifier, database and
-- timeline. What tells it is the table's own oid, which a restored table has anew. Null: not noted yet.
alter table tierd.lake
  add column home oid;

-- Down Migration

alter table tierd.lake
  drop column home;
