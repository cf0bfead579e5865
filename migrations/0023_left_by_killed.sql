-- Up Migration

-- What killed drains left: looked for after each pass, and most often there is none.
create index deliveries_unacknowledged on tierd.deliveries (consumer_group, stream_key) where acknowledged_at is null;
create index claims_unremoved on tierd.claims (source) where removed_at is null;

-- Down Migration

drop index tierd.claims_unremoved;
drop index tierd.deliveries_unacknowledged;
