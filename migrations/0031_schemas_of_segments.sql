-- Up Migration

-- Which columns a segment was written with, beside its dataset: to count the live ones by that is a walk of one
-- small index, and no join of 100,000 rows. What a slice was written with never changes.
alter table tierd.segments add column schema_id text;
update tierd.segments g set schema_id = s.schema_id from tierd.slices s where s.id = g.slice_id;
alter table tierd.segments alter column schema_id set not null;
create index segments_live_by_schema on tierd.segments (dataset, schema_id, published_at, id) where state = 'live';

-- Down Migration

drop index tierd.segments_live_by_schema;
alter table tierd.segments drop column schema_id;
