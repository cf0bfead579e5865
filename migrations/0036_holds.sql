-- Up Migration

-- Time of a dataset that must stay in the lake, however old it is. A row stays here after its hold was lifted.
create table tierd.holds (
  id          bigint generated always as identity primary key,
  dataset     text not null,
  -- Both null: all of time.
  range_from  timestamptz,
  range_to    timestamptz,
  reason      text not null check (reason <> ''),
  set_by      text not null,
  set_at      timestamptz not null default clock_timestamp(),
  -- Null is until it is lifted.
  held_until  timestamptz,
  lifted_at   timestamptz,
  lift_reason text,
  check ((range_from is null) = (range_to is null)),
  check (range_to > range_from),
  check ((lifted_at is null) = (lift_reason is null))
);

create index holds_not_lifted on tierd.holds (dataset) where lifted_at is null;

-- Down Migration

drop table tierd.holds;
