-- Up Migration

-- Null once nothing is left to do: a role that rotates need not be allowed to delete from the ledger.
alter table tierd.vacuums_due alter column reason drop not null;

-- Down Migration

delete from tierd.vacuums_due where reason is null;
alter table tierd.vacuums_due alter column reason set not null;
