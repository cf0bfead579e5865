-- Up Migration

-- A month of a manifest is read by it: of a million slices it took seconds for each month to find them among all.
create index slices_by_time on tierd.slices (dataset, range_from);

-- Down Migration

drop index tierd.slices_by_time;
