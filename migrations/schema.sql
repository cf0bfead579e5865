CREATE SCHEMA tierd;

CREATE FUNCTION tierd.chunk_in_place(which text) RETURNS oid
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select min(t.ftrelid) from pg_foreign_table t
  where t.ftoptions @> array['schema_name=in_place', 'table_name=' || which]
    and exists (select from pg_inherits i where i.inhrelid = t.ftrelid)
$$;

CREATE FUNCTION tierd.count_committed_moves() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_op <> 'DELETE' then
    insert into tierd.committed_moves as known (dataset, moves)
    select dataset, count(*) from after_rows where state in ('committed', 'finished') group by dataset order by dataset
    on conflict (dataset) do update set moves = known.moves + excluded.moves;
  end if;
  if tg_op <> 'INSERT' then
    update tierd.committed_moves known set moves = known.moves - gone.moves
    from (
      select dataset, count(*) as moves from before_rows where state in ('committed', 'finished') group by dataset
    ) gone
    where known.dataset = gone.dataset;
  end if;
  return null;
end
$$;

CREATE FUNCTION tierd.count_live_segments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_op <> 'DELETE' then
    insert into tierd.live_schemas as known (dataset, schema_id, segments, longest_us)
    select dataset, schema_id, count(*), max(max_time_us::numeric - min_time_us)
    from after_rows where state = 'live' group by dataset, schema_id order by dataset, schema_id
    on conflict (dataset, schema_id) do update
      set segments = known.segments + excluded.segments,
          longest_us = greatest(known.longest_us, excluded.longest_us);
  end if;
  if tg_op <> 'INSERT' then
    update tierd.live_schemas known set segments = known.segments - gone.segments
    from (
      select dataset, schema_id, count(*) as segments
      from before_rows where state = 'live' group by dataset, schema_id
    ) gone
    where known.dataset = gone.dataset and known.schema_id = gone.schema_id;
  end if;
  return null;
end
$$;

CREATE FUNCTION tierd.fit_in_place(which text, last_us bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, YMD'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
  one record;
  chunk oid := tierd.chunk_in_place(which);
  end_us numeric;
  bound text;
begin
  select * into one from tierd.in_place p where p.dataset = which for update;
  if not found or chunk is null or last_us is null or last_us < one.until_us then
    return;
  end if;
  end_us := (floor(last_us / 86400000000.0) + 1) * 86400000000 + one.margin_us;
  bound := case one.time_kind
    when 'timestamptz' then quote_literal(timestamptz '1970-01-01 00:00:00+00' + end_us::float8 * interval '1 microsecond')
    when 'timestamp' then quote_literal(timestamp '1970-01-01 00:00:00' + end_us::float8 * interval '1 microsecond')
    when 'date' then quote_literal(date '1970-01-01' + (end_us / 86400000000)::int)
    else (end_us * case one.time_unit when 's' then 0.000001 when 'ms' then 0.001 when 'ns' then 1000 else 1 end)::bigint::text
  end;
  execute format('alter foreign table %s drop constraint if exists tierd_until, add constraint tierd_until check (%I < %s)',
    chunk::regclass, one.time_column, bound);
  update tierd.in_place p set until_us = end_us where p.dataset = which;
end
$$;

CREATE FUNCTION tierd.note_in_place() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  which text := case when tg_op = 'DELETE' then old.dataset else new.dataset end;
begin
  update tierd.in_place p set changed = pg_current_xact_id()
  where p.dataset = which and p.changed <> pg_current_xact_id();
  return null;
end
$$;

CREATE FUNCTION tierd.refuse_change_of_audit() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'tierd.audit is only ever added to'
    using hint = 'Its entries prove what was done to the lake. tierd itself never changes one.';
end $$;

CREATE FUNCTION tierd.refuse_change_of_catalogue() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'the Iceberg catalogue in the schema tierd is to be read only; nothing was changed'
    using errcode = 'feature_not_supported',
          hint = 'tierd alone writes the tables of its lake. Open the catalogue as a role that may select from it, and nothing else.';
end $$;

CREATE TABLE tierd.alerts (
    owner text NOT NULL,
    id text NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL,
    subject text NOT NULL,
    message text NOT NULL,
    since timestamp with time zone NOT NULL,
    told_at timestamp with time zone NOT NULL,
    told_to text[] NOT NULL
);

CREATE TABLE tierd.audit (
    chain text NOT NULL,
    number bigint NOT NULL,
    entry text NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT audit_number_check CHECK ((number > 0))
);

CREATE TABLE tierd.audit_days (
    day date NOT NULL,
    object_key text NOT NULL,
    written_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE tierd.audit_heads (
    chain text NOT NULL,
    number bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_heads_hash_check CHECK ((length(hash) = 32))
);

CREATE TABLE tierd.backup_logs (
    id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    holder text NOT NULL,
    place text NOT NULL,
    place_id uuid,
    backup text,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    bytes bigint,
    added_bytes bigint,
    error_code text,
    error_message text,
    CONSTRAINT backup_logs_check CHECK (((state = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT backup_logs_kind_check CHECK ((kind = ANY (ARRAY['dump'::text, 'snapshot'::text, 'verify'::text, 'prune'::text, 'drill'::text]))),
    CONSTRAINT backup_logs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'unchanged'::text, 'failed'::text, 'interrupted'::text, 'abandoned'::text])))
);

CREATE TABLE tierd.claims (
    claim text NOT NULL,
    source text NOT NULL,
    list_key text NOT NULL,
    "position" bigint NOT NULL,
    done boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT claims_check CHECK ((done OR (removed_at IS NULL))),
    CONSTRAINT claims_position_check CHECK (("position" >= 0))
);

CREATE TABLE tierd.columns (
    dataset text NOT NULL,
    field_id integer NOT NULL,
    name text NOT NULL,
    postgres_type text NOT NULL,
    table_identity text NOT NULL,
    attnum integer NOT NULL,
    dropped_at timestamp with time zone,
    first_name text NOT NULL,
    CONSTRAINT columns_field_id_check CHECK ((field_id > 0))
);

CREATE TABLE tierd.committed_moves (
    dataset text NOT NULL,
    moves bigint NOT NULL
);

CREATE TABLE tierd.copied_segments (
    lake_id uuid NOT NULL,
    object_key text NOT NULL,
    verified_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE tierd.dead_letters (
    id bigint NOT NULL,
    source text NOT NULL,
    dataset text NOT NULL,
    entry_key text NOT NULL,
    entry_id text,
    identity bytea NOT NULL,
    payload bytea NOT NULL,
    reason_code text NOT NULL,
    reason text NOT NULL,
    state text NOT NULL,
    times_seen bigint DEFAULT 1 NOT NULL,
    arrived_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT dead_letters_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'retried'::text, 'discarded'::text])))
);

ALTER TABLE tierd.dead_letters ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tierd.dead_letters_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tierd.deliveries (
    id bigint NOT NULL,
    source text NOT NULL,
    stream_key text NOT NULL,
    consumer_group text NOT NULL,
    first_id text NOT NULL COLLATE pg_catalog."C",
    last_id text NOT NULL COLLATE pg_catalog."C",
    ids bytea NOT NULL,
    id_count integer NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    acknowledged_at timestamp with time zone,
    CONSTRAINT deliveries_check CHECK ((last_id >= first_id)),
    CONSTRAINT deliveries_id_count_check CHECK ((id_count > 0))
);

ALTER TABLE tierd.deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tierd.deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tierd.drain_sources (
    source text NOT NULL,
    dataset text NOT NULL,
    batches bigint DEFAULT 0 NOT NULL,
    entries bigint DEFAULT 0 NOT NULL,
    rows_written bigint DEFAULT 0 NOT NULL,
    dead_letters bigint DEFAULT 0 NOT NULL,
    flagged bigint DEFAULT 0 NOT NULL,
    repeated bigint DEFAULT 0 NOT NULL,
    lost bigint DEFAULT 0 NOT NULL,
    newest_time_us bigint,
    last_batch_at timestamp with time zone,
    last_problem text,
    last_problem_at timestamp with time zone,
    unsettled_from_us bigint,
    unsettled_to_us bigint,
    same_key bigint DEFAULT 0 NOT NULL,
    CONSTRAINT drain_sources_check CHECK (((unsettled_from_us IS NULL) = (unsettled_to_us IS NULL)))
);

CREATE TABLE tierd.dropped_partitions (
    move_id uuid NOT NULL,
    ordinal integer NOT NULL,
    parent_schema text NOT NULL,
    parent_name text NOT NULL,
    schema_name text NOT NULL,
    name text NOT NULL,
    bound text NOT NULL,
    partition_key text,
    owner text NOT NULL,
    tablespace text,
    options text[] NOT NULL,
    range_from timestamp with time zone,
    range_to timestamp with time zone,
    CONSTRAINT dropped_partitions_check CHECK ((range_to > range_from))
);

CREATE TABLE tierd.enum_labels (
    dataset text NOT NULL,
    field_id integer NOT NULL,
    type_identity text NOT NULL,
    label_number bigint NOT NULL,
    label text NOT NULL,
    noted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE tierd.former_names (
    name text NOT NULL,
    dataset text NOT NULL,
    renamed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE tierd.holds (
    id bigint NOT NULL,
    dataset text NOT NULL,
    range_from timestamp with time zone,
    range_to timestamp with time zone,
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    held_until timestamp with time zone,
    lifted_at timestamp with time zone,
    lift_reason text,
    CONSTRAINT holds_check CHECK (((range_from IS NULL) = (range_to IS NULL))),
    CONSTRAINT holds_check1 CHECK ((range_to > range_from)),
    CONSTRAINT holds_check2 CHECK (((lifted_at IS NULL) = (lift_reason IS NULL))),
    CONSTRAINT holds_reason_check CHECK ((reason <> ''::text))
);

ALTER TABLE tierd.holds ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tierd.holds_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tierd.iceberg_files (
    segment_id bigint NOT NULL,
    manifest_key text NOT NULL,
    snapshot_id bigint NOT NULL,
    sequence_number integer NOT NULL
);

CREATE TABLE tierd.iceberg_manifests (
    object_key text NOT NULL,
    dataset text NOT NULL,
    bytes bigint NOT NULL,
    spec_id integer NOT NULL,
    snapshot_id bigint NOT NULL,
    sequence_number integer NOT NULL,
    min_sequence_number integer NOT NULL,
    added_files integer NOT NULL,
    existing_files integer NOT NULL,
    deleted_files integer NOT NULL,
    added_rows bigint NOT NULL,
    existing_rows bigint NOT NULL,
    deleted_rows bigint NOT NULL,
    partition_from integer,
    partition_to integer,
    CONSTRAINT iceberg_manifests_bytes_check CHECK ((bytes > 0)),
    CONSTRAINT iceberg_manifests_check CHECK (((partition_from IS NULL) = (partition_to IS NULL)))
);

CREATE TABLE tierd.iceberg_metadata (
    dataset text NOT NULL,
    version integer NOT NULL,
    location character varying(1000) NOT NULL,
    previous_location character varying(1000),
    document jsonb NOT NULL,
    path_version integer NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT iceberg_metadata_check CHECK (((path_version >= 0) AND (path_version <= version))),
    CONSTRAINT iceberg_metadata_version_check CHECK ((version > 0))
);

CREATE VIEW tierd.iceberg_namespace_properties AS
 SELECT 'tierd'::character varying(255) AS catalog_name,
    'lake'::character varying(255) AS namespace,
    'exists'::character varying(255) AS property_key,
    'true'::character varying(1000) AS property_value;

CREATE TABLE tierd.iceberg_objects (
    object_key text NOT NULL,
    dataset text NOT NULL,
    move_id uuid,
    state text NOT NULL,
    needless_since integer,
    needless_at timestamp with time zone,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT iceberg_objects_state_check CHECK ((state = ANY (ARRAY['announced'::text, 'in_use'::text, 'abandoned'::text])))
);

CREATE VIEW tierd.iceberg_tables AS
 SELECT 'tierd'::character varying(255) AS catalog_name,
    'lake'::character varying(255) AS table_namespace,
    (dataset)::character varying(255) AS table_name,
    location AS metadata_location,
    previous_location AS previous_metadata_location,
    'TABLE'::character varying(5) AS iceberg_type
   FROM tierd.iceberg_metadata;

CREATE TABLE tierd.in_place (
    dataset text NOT NULL,
    table_schema text NOT NULL,
    table_name text NOT NULL,
    chunk_schema text NOT NULL,
    chunk_name text NOT NULL,
    time_column text NOT NULL,
    time_kind text NOT NULL,
    time_unit text NOT NULL,
    print text NOT NULL,
    until_us bigint NOT NULL,
    margin_us bigint NOT NULL,
    changed xid8 DEFAULT pg_current_xact_id() NOT NULL
);

CREATE TABLE tierd.ingested_files (
    id bigint NOT NULL,
    dataset text NOT NULL,
    reading bytea NOT NULL,
    content_sha256 bytea NOT NULL,
    path text NOT NULL,
    byte_count bigint NOT NULL,
    row_count bigint NOT NULL,
    rejected bigint NOT NULL,
    run_id bigint NOT NULL,
    began_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone
);

ALTER TABLE tierd.ingested_files ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tierd.ingested_files_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tierd.ingested_slices (
    file_id bigint NOT NULL,
    range_from timestamp with time zone NOT NULL,
    range_to timestamp with time zone NOT NULL,
    rows_cold bigint NOT NULL,
    rows_hot bigint NOT NULL,
    run_id bigint NOT NULL,
    move_id uuid,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE tierd.job_runs (
    id bigint NOT NULL,
    owner text NOT NULL,
    job text NOT NULL,
    cause text NOT NULL,
    slot timestamp with time zone,
    holder text NOT NULL,
    token bigint NOT NULL,
    state text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    rows_moved bigint,
    error_code text,
    error_message text,
    CONSTRAINT job_runs_cause_check CHECK ((cause = ANY (ARRAY['schedule'::text, 'catch_up'::text, 'manual'::text, 'loop'::text]))),
    CONSTRAINT job_runs_check CHECK (((state = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT job_runs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'partly'::text, 'failed'::text, 'refused'::text, 'lease_held'::text, 'interrupted'::text, 'cancelled'::text, 'timeout'::text, 'out_of_memory'::text, 'crashed'::text, 'abandoned'::text])))
);

ALTER TABLE tierd.job_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tierd.job_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tierd.lake (
    only_row boolean DEFAULT true NOT NULL,
    lake_id uuid NOT NULL,
    ledger_id uuid DEFAULT gen_random_uuid() NOT NULL,
    epoch integer DEFAULT 0 NOT NULL,
    is_marked boolean DEFAULT true NOT NULL,
    timeline integer,
    follows_promotions boolean DEFAULT false NOT NULL,
    home oid,
    place text,
    whole_since timestamp with time zone DEFAULT clock_timestamp(),
    far_place text,
    CONSTRAINT lake_epoch_check CHECK ((epoch >= 0)),
    CONSTRAINT lake_only_row_check CHECK (only_row)
);

CREATE TABLE tierd.leases (
    dataset text NOT NULL,
    token bigint NOT NULL,
    holder text NOT NULL,
    acquired_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT leases_token_check CHECK ((token > 0))
);

CREATE TABLE tierd.live_schemas (
    dataset text NOT NULL,
    schema_id text NOT NULL,
    segments bigint NOT NULL,
    longest_us numeric NOT NULL
);

CREATE TABLE tierd.migrations (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    run_on timestamp without time zone NOT NULL
);

CREATE SEQUENCE tierd.migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE tierd.migrations_id_seq OWNED BY tierd.migrations.id;

CREATE TABLE tierd.moves (
    id uuid NOT NULL,
    run_id bigint NOT NULL,
    dataset text NOT NULL,
    token bigint NOT NULL,
    removal text NOT NULL,
    range_from timestamp with time zone NOT NULL,
    range_to timestamp with time zone NOT NULL,
    state text NOT NULL,
    row_count bigint,
    source_digest text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT moves_check CHECK ((range_to > range_from)),
    CONSTRAINT moves_removal_check CHECK ((removal = ANY (ARRAY['drop'::text, 'delete'::text, 'none'::text]))),
    CONSTRAINT moves_state_check CHECK ((state = ANY (ARRAY['exporting'::text, 'publishing'::text, 'committed'::text, 'finished'::text, 'abandoned'::text])))
);

CREATE TABLE tierd.paused_datasets (
    dataset text NOT NULL,
    paused_since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    paused_by text NOT NULL
);

CREATE TABLE tierd.paused_jobs (
    owner text NOT NULL,
    job text NOT NULL,
    paused_since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    paused_by text NOT NULL
);

CREATE TABLE tierd.pins (
    id bigint NOT NULL,
    dataset text NOT NULL,
    range_from timestamp with time zone NOT NULL,
    range_to timestamp with time zone NOT NULL,
    pinned_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pins_check CHECK ((range_to > range_from))
);

ALTER TABLE tierd.pins ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tierd.pins_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tierd.restores (
    id uuid NOT NULL,
    run_id bigint NOT NULL,
    dataset text NOT NULL,
    slice_id bigint NOT NULL,
    state text NOT NULL,
    row_count bigint NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    into_schema text,
    into_name text,
    into_identity text,
    where_sha256 text,
    CONSTRAINT restores_check CHECK (((into_identity IS NOT NULL) OR ((into_schema IS NULL) AND (into_name IS NULL)))),
    CONSTRAINT restores_state_check CHECK ((state = ANY (ARRAY['begun'::text, 'done'::text, 'abandoned'::text])))
);

CREATE TABLE tierd.runs (
    id bigint NOT NULL,
    job text NOT NULL,
    dataset text NOT NULL,
    holder text NOT NULL,
    state text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    rows_moved bigint DEFAULT 0 NOT NULL,
    bytes_written bigint DEFAULT 0 NOT NULL,
    error_code text,
    error_message text,
    by_hand boolean DEFAULT false NOT NULL,
    rows_again bigint DEFAULT 0 NOT NULL,
    rows_changed bigint DEFAULT 0 NOT NULL,
    hot_bytes_before bigint,
    hot_bytes_after bigint,
    CONSTRAINT runs_check CHECK (((state = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT runs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'partly'::text, 'failed'::text, 'refused'::text, 'interrupted'::text, 'abandoned'::text])))
);

ALTER TABLE tierd.runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tierd.runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tierd.scrub_findings (
    object_key text NOT NULL,
    reason text NOT NULL,
    found_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE tierd.scrubs (
    segment_id bigint NOT NULL,
    scrubbed_at timestamp with time zone NOT NULL
);

CREATE TABLE tierd.segments (
    id bigint NOT NULL,
    slice_id bigint NOT NULL,
    dataset text NOT NULL,
    object_key text NOT NULL,
    state text NOT NULL,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    row_count bigint NOT NULL,
    min_time_us bigint NOT NULL,
    max_time_us bigint NOT NULL,
    statistics jsonb NOT NULL,
    published_at timestamp with time zone,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    schema_id text NOT NULL,
    value_counts jsonb,
    footer_bytes integer,
    tier text DEFAULT 'near'::text NOT NULL,
    tier_since timestamp with time zone,
    CONSTRAINT segments_bytes_check CHECK ((bytes > 0)),
    CONSTRAINT segments_check CHECK ((max_time_us >= min_time_us)),
    CONSTRAINT segments_row_count_check CHECK ((row_count > 0)),
    CONSTRAINT segments_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT segments_state_check CHECK ((state = ANY (ARRAY['publishing'::text, 'live'::text, 'retired'::text, 'removed'::text, 'abandoned'::text]))),
    CONSTRAINT segments_tier_check CHECK ((tier = ANY (ARRAY['near'::text, 'moving'::text, 'both'::text, 'far'::text])))
);

ALTER TABLE tierd.segments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tierd.segments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tierd.slice_intervals (
    slice_id bigint NOT NULL,
    column_name text NOT NULL,
    intervals jsonb NOT NULL
);

CREATE TABLE tierd.slices (
    id bigint NOT NULL,
    move_id uuid NOT NULL,
    dataset text NOT NULL,
    range_from timestamp with time zone NOT NULL,
    range_to timestamp with time zone NOT NULL,
    generation integer NOT NULL,
    row_count bigint NOT NULL,
    fingerprint jsonb NOT NULL,
    columns jsonb NOT NULL,
    published_at timestamp with time zone,
    schema_id text GENERATED ALWAYS AS (md5((columns)::text)) STORED,
    CONSTRAINT slices_check CHECK ((range_to > range_from)),
    CONSTRAINT slices_generation_check CHECK ((generation > 0)),
    CONSTRAINT slices_row_count_check CHECK ((row_count > 0))
);

ALTER TABLE tierd.slices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tierd.slices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tierd.streams (
    dataset text NOT NULL,
    stream_key text NOT NULL,
    source text NOT NULL,
    consumer_group text NOT NULL,
    last_id text NOT NULL COLLATE pg_catalog."C",
    last_digest bytea,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE tierd.vacuums_due (
    root_schema text NOT NULL,
    root_name text NOT NULL,
    part_schema text NOT NULL,
    part_name text NOT NULL,
    reason text,
    first_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    last_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    attempts integer DEFAULT 1 NOT NULL
);

ALTER TABLE ONLY tierd.migrations ALTER COLUMN id SET DEFAULT nextval('tierd.migrations_id_seq'::regclass);

ALTER TABLE ONLY tierd.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (owner, id);

ALTER TABLE ONLY tierd.audit_days
    ADD CONSTRAINT audit_days_pkey PRIMARY KEY (day);

ALTER TABLE ONLY tierd.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (chain);

ALTER TABLE ONLY tierd.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (chain, number);

ALTER TABLE ONLY tierd.backup_logs
    ADD CONSTRAINT backup_logs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.claims
    ADD CONSTRAINT claims_pkey PRIMARY KEY (claim);

ALTER TABLE ONLY tierd.columns
    ADD CONSTRAINT columns_pkey PRIMARY KEY (dataset, field_id);

ALTER TABLE ONLY tierd.committed_moves
    ADD CONSTRAINT committed_moves_pkey PRIMARY KEY (dataset);

ALTER TABLE ONLY tierd.copied_segments
    ADD CONSTRAINT copied_segments_pkey PRIMARY KEY (lake_id, object_key);

ALTER TABLE ONLY tierd.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.dead_letters
    ADD CONSTRAINT dead_letters_source_identity_key UNIQUE (source, identity);

ALTER TABLE ONLY tierd.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.drain_sources
    ADD CONSTRAINT drain_sources_pkey PRIMARY KEY (source);

ALTER TABLE ONLY tierd.dropped_partitions
    ADD CONSTRAINT dropped_partitions_pkey PRIMARY KEY (move_id, ordinal);

ALTER TABLE ONLY tierd.enum_labels
    ADD CONSTRAINT enum_labels_pkey PRIMARY KEY (dataset, field_id, type_identity, label_number, label);

ALTER TABLE ONLY tierd.former_names
    ADD CONSTRAINT former_names_pkey PRIMARY KEY (name);

ALTER TABLE ONLY tierd.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.iceberg_files
    ADD CONSTRAINT iceberg_files_pkey PRIMARY KEY (segment_id);

ALTER TABLE ONLY tierd.iceberg_manifests
    ADD CONSTRAINT iceberg_manifests_pkey PRIMARY KEY (object_key);

ALTER TABLE ONLY tierd.iceberg_metadata
    ADD CONSTRAINT iceberg_metadata_pkey PRIMARY KEY (dataset);

ALTER TABLE ONLY tierd.iceberg_objects
    ADD CONSTRAINT iceberg_objects_pkey PRIMARY KEY (object_key);

ALTER TABLE ONLY tierd.in_place
    ADD CONSTRAINT in_place_pkey PRIMARY KEY (dataset);

ALTER TABLE ONLY tierd.ingested_files
    ADD CONSTRAINT ingested_files_dataset_reading_key UNIQUE (dataset, reading);

ALTER TABLE ONLY tierd.ingested_files
    ADD CONSTRAINT ingested_files_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.ingested_slices
    ADD CONSTRAINT ingested_slices_pkey PRIMARY KEY (file_id, range_from, range_to);

ALTER TABLE ONLY tierd.job_runs
    ADD CONSTRAINT job_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.lake
    ADD CONSTRAINT lake_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY tierd.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (dataset);

ALTER TABLE ONLY tierd.live_schemas
    ADD CONSTRAINT live_schemas_pkey PRIMARY KEY (dataset, schema_id);

ALTER TABLE ONLY tierd.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.moves
    ADD CONSTRAINT moves_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.paused_datasets
    ADD CONSTRAINT paused_datasets_pkey PRIMARY KEY (dataset);

ALTER TABLE ONLY tierd.paused_jobs
    ADD CONSTRAINT paused_jobs_pkey PRIMARY KEY (owner, job);

ALTER TABLE ONLY tierd.pins
    ADD CONSTRAINT pins_dataset_range_from_range_to_key UNIQUE (dataset, range_from, range_to);

ALTER TABLE ONLY tierd.pins
    ADD CONSTRAINT pins_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.restores
    ADD CONSTRAINT restores_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.scrub_findings
    ADD CONSTRAINT scrub_findings_pkey PRIMARY KEY (object_key);

ALTER TABLE ONLY tierd.scrubs
    ADD CONSTRAINT scrubs_pkey PRIMARY KEY (segment_id);

ALTER TABLE ONLY tierd.segments
    ADD CONSTRAINT segments_object_key_key UNIQUE (object_key);

ALTER TABLE ONLY tierd.segments
    ADD CONSTRAINT segments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.slice_intervals
    ADD CONSTRAINT slice_intervals_pkey PRIMARY KEY (slice_id, column_name);

ALTER TABLE ONLY tierd.slices
    ADD CONSTRAINT slices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tierd.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (dataset, stream_key);

ALTER TABLE ONLY tierd.vacuums_due
    ADD CONSTRAINT vacuums_due_pkey PRIMARY KEY (root_schema, root_name, part_schema, part_name);

CREATE INDEX backup_logs_by_kind ON tierd.backup_logs USING btree (kind, started_at DESC);

CREATE INDEX claims_removed ON tierd.claims USING btree (removed_at) WHERE (removed_at IS NOT NULL);

CREATE INDEX claims_unremoved ON tierd.claims USING btree (source) WHERE (removed_at IS NULL);

CREATE INDEX dead_letters_waiting ON tierd.dead_letters USING btree (source, id) WHERE (state = 'waiting'::text);

CREATE INDEX deliveries_acknowledged ON tierd.deliveries USING btree (acknowledged_at) WHERE (acknowledged_at IS NOT NULL);

CREATE INDEX deliveries_by_id ON tierd.deliveries USING btree (stream_key, consumer_group, last_id, first_id);

CREATE INDEX deliveries_unacknowledged ON tierd.deliveries USING btree (consumer_group, stream_key) WHERE (acknowledged_at IS NULL);

CREATE INDEX holds_not_lifted ON tierd.holds USING btree (dataset) WHERE (lifted_at IS NULL);

CREATE INDEX iceberg_files_by_manifest ON tierd.iceberg_files USING btree (manifest_key);

CREATE INDEX iceberg_manifests_by_dataset ON tierd.iceberg_manifests USING btree (dataset);

CREATE INDEX iceberg_objects_announced ON tierd.iceberg_objects USING btree (dataset) WHERE (state = 'announced'::text);

CREATE INDEX iceberg_objects_to_go ON tierd.iceberg_objects USING btree (dataset, needless_since) WHERE ((state = 'abandoned'::text) OR (needless_since IS NOT NULL));

CREATE INDEX job_runs_by_job ON tierd.job_runs USING btree (owner, job, id DESC);

CREATE INDEX job_runs_running ON tierd.job_runs USING btree (owner) WHERE (state = 'running'::text);

CREATE INDEX moves_unfinished ON tierd.moves USING btree (dataset) WHERE (state = ANY (ARRAY['exporting'::text, 'publishing'::text, 'committed'::text]));

CREATE INDEX restores_begun ON tierd.restores USING btree (dataset) WHERE (state = 'begun'::text);

CREATE INDEX restores_by_slice ON tierd.restores USING btree (slice_id) WHERE (state = 'done'::text);

CREATE INDEX runs_by_dataset ON tierd.runs USING btree (dataset, started_at DESC);

CREATE INDEX runs_by_hand ON tierd.runs USING btree (id DESC) WHERE by_hand;

CREATE INDEX segments_abandoned ON tierd.segments USING btree (dataset) WHERE (state = 'abandoned'::text);

CREATE INDEX segments_by_slice ON tierd.segments USING btree (slice_id);

CREATE INDEX segments_live ON tierd.segments USING btree (dataset, min_time_us, max_time_us) WHERE (state = 'live'::text);

CREATE INDEX segments_live_by_schema ON tierd.segments USING btree (dataset, schema_id, published_at, id) WHERE (state = 'live'::text);

CREATE INDEX segments_not_near ON tierd.segments USING btree (dataset, tier) WHERE (tier <> 'near'::text);

CREATE INDEX segments_retired ON tierd.segments USING btree (dataset, changed_at) WHERE (state = 'retired'::text);

CREATE INDEX slices_by_move ON tierd.slices USING btree (move_id);

CREATE INDEX slices_by_time ON tierd.slices USING btree (dataset, range_from);

CREATE UNIQUE INDEX slices_generations ON tierd.slices USING btree (dataset, range_from, range_to, generation) WHERE (published_at IS NOT NULL);

CREATE INDEX slices_newest ON tierd.slices USING btree (published_at DESC, id DESC) WHERE (published_at IS NOT NULL);

CREATE TRIGGER audit_is_only_added_to BEFORE DELETE OR UPDATE OR TRUNCATE ON tierd.audit FOR EACH STATEMENT EXECUTE FUNCTION tierd.refuse_change_of_audit();

CREATE TRIGGER iceberg_namespaces_are_read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON tierd.iceberg_namespace_properties FOR EACH ROW EXECUTE FUNCTION tierd.refuse_change_of_catalogue();

CREATE TRIGGER iceberg_tables_are_read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON tierd.iceberg_tables FOR EACH ROW EXECUTE FUNCTION tierd.refuse_change_of_catalogue();

CREATE TRIGGER in_place_deleted AFTER DELETE ON tierd.segments FOR EACH ROW WHEN ((old.state = 'live'::text)) EXECUTE FUNCTION tierd.note_in_place();

CREATE TRIGGER in_place_inserted AFTER INSERT ON tierd.segments FOR EACH ROW WHEN ((new.state = 'live'::text)) EXECUTE FUNCTION tierd.note_in_place();

CREATE TRIGGER in_place_updated AFTER UPDATE ON tierd.segments FOR EACH ROW WHEN (((old.state <> new.state) AND (('live'::text = old.state) OR ('live'::text = new.state)))) EXECUTE FUNCTION tierd.note_in_place();

CREATE TRIGGER live_deleted AFTER DELETE ON tierd.segments REFERENCING OLD TABLE AS before_rows FOR EACH STATEMENT EXECUTE FUNCTION tierd.count_live_segments();

CREATE TRIGGER live_inserted AFTER INSERT ON tierd.segments REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION tierd.count_live_segments();

CREATE TRIGGER live_updated AFTER UPDATE ON tierd.segments REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION tierd.count_live_segments();

CREATE TRIGGER moves_deleted AFTER DELETE ON tierd.moves REFERENCING OLD TABLE AS before_rows FOR EACH STATEMENT EXECUTE FUNCTION tierd.count_committed_moves();

CREATE TRIGGER moves_inserted AFTER INSERT ON tierd.moves REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION tierd.count_committed_moves();

CREATE TRIGGER moves_updated AFTER UPDATE ON tierd.moves REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION tierd.count_committed_moves();

ALTER TABLE ONLY tierd.dropped_partitions
    ADD CONSTRAINT dropped_partitions_move_id_fkey FOREIGN KEY (move_id) REFERENCES tierd.moves(id) ON DELETE CASCADE;

ALTER TABLE ONLY tierd.iceberg_files
    ADD CONSTRAINT iceberg_files_manifest_key_fkey FOREIGN KEY (manifest_key) REFERENCES tierd.iceberg_manifests(object_key) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY tierd.iceberg_files
    ADD CONSTRAINT iceberg_files_segment_id_fkey FOREIGN KEY (segment_id) REFERENCES tierd.segments(id);

ALTER TABLE ONLY tierd.iceberg_manifests
    ADD CONSTRAINT iceberg_manifests_dataset_fkey FOREIGN KEY (dataset) REFERENCES tierd.iceberg_metadata(dataset) ON UPDATE CASCADE;

ALTER TABLE ONLY tierd.ingested_slices
    ADD CONSTRAINT ingested_slices_file_id_fkey FOREIGN KEY (file_id) REFERENCES tierd.ingested_files(id) ON DELETE CASCADE;

ALTER TABLE ONLY tierd.moves
    ADD CONSTRAINT moves_run_id_fkey FOREIGN KEY (run_id) REFERENCES tierd.runs(id);

ALTER TABLE ONLY tierd.restores
    ADD CONSTRAINT restores_run_id_fkey FOREIGN KEY (run_id) REFERENCES tierd.runs(id);

ALTER TABLE ONLY tierd.restores
    ADD CONSTRAINT restores_slice_id_fkey FOREIGN KEY (slice_id) REFERENCES tierd.slices(id);

ALTER TABLE ONLY tierd.scrub_findings
    ADD CONSTRAINT scrub_findings_object_key_fkey FOREIGN KEY (object_key) REFERENCES tierd.segments(object_key);

ALTER TABLE ONLY tierd.scrubs
    ADD CONSTRAINT scrubs_segment_id_fkey FOREIGN KEY (segment_id) REFERENCES tierd.segments(id) ON DELETE CASCADE;

ALTER TABLE ONLY tierd.segments
    ADD CONSTRAINT segments_slice_id_fkey FOREIGN KEY (slice_id) REFERENCES tierd.slices(id);

ALTER TABLE ONLY tierd.slice_intervals
    ADD CONSTRAINT slice_intervals_slice_id_fkey FOREIGN KEY (slice_id) REFERENCES tierd.slices(id) ON DELETE CASCADE;

ALTER TABLE ONLY tierd.slices
    ADD CONSTRAINT slices_move_id_fkey FOREIGN KEY (move_id) REFERENCES tierd.moves(id);

