-- Up Migration

-- PostgreSQL lets who may write a table write a plain view of it. An engine that opened the catalogue as the ledger's own
-- role changed where a table's document lies: other engines then saw rows that the ledger has not, until the next move.
create function tierd.refuse_change_of_catalogue() returns trigger language plpgsql as $$
begin
  raise exception 'the Iceberg catalogue in the schema tierd is to be read only; nothing was changed'
    using errcode = 'feature_not_supported',
          hint = 'tierd alone writes the tables of its lake. Open the catalogue as a role that may select from it, and nothing else.';
end $$;

create trigger iceberg_tables_are_read_only instead of insert or update or delete on tierd.iceberg_tables
  for each row execute function tierd.refuse_change_of_catalogue();
create trigger iceberg_namespaces_are_read_only instead of insert or update or delete on tierd.iceberg_namespace_properties
  for each row execute function tierd.refuse_change_of_catalogue();

-- Down Migration

drop trigger iceberg_namespaces_are_read_only on tierd.iceberg_namespace_properties;
drop trigger iceberg_tables_are_read_only on tierd.iceberg_tables;
drop function tierd.refuse_change_of_catalogue();
