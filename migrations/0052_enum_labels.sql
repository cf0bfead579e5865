-- Up Migration

-- Each label that a column of an enum, of an array of one or of a domain over one had when rows of it were written into the
-- lake, where labels are texts. PostgreSQL keeps a label's number when it is renamed: so a name that means something else today is noticed.
-- Columns of which rows left before there was this table are noted when a job next looks at them.
create table tierd.enum_labels (
  dataset       text not null,
  field_id      integer not null,
  type_identity text not null,
  label_number  bigint not null,
  label         text not null,
  noted_at      timestamptz not null default clock_timestamp(),
  primary key (dataset, field_id, type_identity, label_number, label)
);

-- Down Migration

drop table tierd.enum_labels;
