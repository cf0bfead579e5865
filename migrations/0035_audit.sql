-- Up Migration

-- What was done to the lake, in the order in which it was: a chain for each dataset and one for the lake as a
-- whole. The hash of an entry holds that of the entry before it, so none can be changed, left out or put in
-- without all that follow. Nothing is ever taken out of it.
create table tierd.audit (
  chain text not null,
  number bigint not null check (number > 0),
  -- JSON, as it was hashed.
  entry text not null,
  -- SHA-256 of the hash before (32 zero bytes at first), the number as eight bytes, and the entry as UTF-8.
  hash bytea not null check (length(hash) = 32),
  primary key (chain, number)
);

-- The newest entry of each chain: whoever adds one waits here for whoever is adding one.
create table tierd.audit_heads (
  chain text primary key,
  number bigint not null,
  hash bytea not null check (length(hash) = 32)
);

-- Days whose heads lie in the lake as well, where who changes this database does not reach them.
create table tierd.audit_days (
  day date primary key,
  object_key text not null,
  written_at timestamptz not null default clock_timestamp()
);

create function tierd.refuse_change_of_audit() returns trigger language plpgsql as $$
begin
  raise exception 'tierd.audit is only ever added to'
    using hint = 'Its entries prove what was done to the lake. tierd itself never changes one.';
end $$;

create trigger audit_is_only_added_to before update or delete or truncate on tierd.audit
  for each statement execute function tierd.refuse_change_of_audit();

-- Down Migration

drop table tierd.audit_days;
drop table tierd.audit_heads;
drop table tierd.audit;
drop function tierd.refuse_change_of_audit();
