-- Up Migration

-- The field id of every column that a dataset's table has, or ever had (I13). An id is given once.
create table tierd.columns (
  dataset        text not null,
  field_id       int not null check (field_id > 0),
  name           text not null,
  postgres_type  text not null,
  -- Where it was seen last: only within one and the same table does the number tell the column.
  table_identity text not null,
  attnum         int not null,
  dropped_at     timestamptz,
  primary key (dataset, field_id)
);

-- Down Migration

drop table tierd.columns;
