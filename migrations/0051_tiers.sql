-- Up Migration

-- Where a segment lies. `moving`: it may lie in the far place as well, and nobody has proven that. `both`: it does,
-- and who reads it goes there; the near copy waits for those who began before. `far`: the near copy is gone.
alter table tierd.segments
  add column tier text not null default 'near' check (tier in ('near', 'moving', 'both', 'far')),
  add column tier_since timestamptz;

-- Few beside all others: those on their way, and those that a configuration without a far place would lack.
create index segments_not_near on tierd.segments (dataset, tier) where tier <> 'near';

-- The far place that was claimed for the lake; null: none.
alter table tierd.lake add column far_place text;

-- Down Migration

alter table tierd.lake drop column far_place;
drop index tierd.segments_not_near;
alter table tierd.segments drop column tier_since, drop column tier;
