-- Up Migration

-- Another table that a slice's rows were copied into, by its name and by what no table of another database
-- has: cluster, database and oid. An oid alone is another table's once the database has come back from a
-- dump. All three are null where the rows went back into the dataset's own table; of a table that is gone by
-- now the name is not known.
alter table tierd.restores
  add column into_schema text,
  add column into_name text,
  add column into_identity text;

update tierd.restores r
set into_identity = concat_ws('/', s.system_identifier, d.oid, r.into_table),
    into_schema = c.schema,
    into_name = c.name
from tierd.restores o
cross join pg_control_system() s
join pg_database d on d.datname = current_database()
left join (
  select k.oid, k.relname::text as name, n.nspname::text as schema
  from pg_class k join pg_namespace n on n.oid = k.relnamespace
) c on c.oid = o.into_table
where o.id = r.id and o.into_table is not null;

alter table tierd.restores
  drop column into_table,
  add check (into_identity is not null or (into_schema is null and into_name is null));

-- Down Migration

alter table tierd.restores add column into_table oid;
update tierd.restores set into_table = split_part(into_identity, '/', 3)::oid where into_identity is not null;
alter table tierd.restores
  drop column into_identity,
  drop column into_name,
  drop column into_schema;
