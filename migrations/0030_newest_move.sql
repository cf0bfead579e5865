-- Up Migration

-- What a query asks first: which move was published last. Without it that took a look at every slice.
create index slices_newest on tierd.slices (published_at desc, id desc) where published_at is not null;

-- Down Migration

drop index tierd.slices_newest;
