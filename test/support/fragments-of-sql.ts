/** Fragments of SELECT, as people write them, for which PostgreSQL and DuckDB had to be compared. */
import type { TableOfBoth } from './both-engines.ts';

export const TABLES: readonly TableOfBoth[] = [
  {
    name: 'md',
    columns: [
      ['timestamp', 'timestamp with time zone'],
      ['symbol', 'text'],
      ['open', 'numeric(18,8)'],
      ['close', 'numeric(12,4)'],
      ['volume', 'bigint'],
      ['ratio', 'double precision'],
    ],
    rows: `'2024-01-01 00:00+00'::timestamptz + n * interval '3 seconds', 'S' || n % 7, 100 + (n * 37 % 1000) * 0.00125, 101 + (n * 31 % 997) * 0.0003 - 200 * (n % 3), n, (n % 64 - 20) * 0.25 from generate_series(0, 1500) n`,
  },
  {
    name: 'types_t',
    columns: [
      ['id', 'integer'],
      ['by', 'bytea'],
      ['flag', 'boolean'],
      ['small', 'smallint'],
      ['big', 'bigint'],
      ['price', 'numeric(12,2)'],
      ['fine', 'numeric(20,10)'],
      ['loose', 'numeric'],
      ['real4', 'real'],
      ['real8', 'double precision'],
      ['name', 'text'],
      ['code', 'character varying(5)'],
      ['tag', 'character(4)'],
      ['day', 'date'],
      ['at', 'timestamp without time zone'],
      ['atz', 'timestamp with time zone'],
      ['clock', 'time without time zone'],
      ['span', 'interval'],
      ['key', 'uuid'],
      ['doc', 'jsonb'],
      ['list', 'integer[]'],
      ['net', 'inet'],
    ],
    rows: `n,
      case n % 4 when 0 then null when 1 then '\\x00ff'::bytea when 2 then ''::bytea else decode(md5(n::text), 'hex') end,
      case n % 3 when 0 then true when 1 then false end,
      (n * 7 % 65536 - 32768)::int2, n::int8 * 4611686018427387 - 2305843009213693952, (n * 37 % 2000 - 1000) * 0.25, (n * 12345 % 99991 - 50000) * 0.0000000037, n * 1.10,
      (n % 40 - 20) * 0.125, case n % 10 when 0 then 'NaN' when 1 then 'Infinity' when 2 then '-Infinity' when 3 then '-0' when 4 then null else (n % 64 - 32) * 0.03125 end,
      (array['a', 'B', '', 'it''s', 'ä€𝄞', '50%_\\x', null, 'abcabc'])[1 + n % 8], (array['x', 'yy', '', 'zz z', null])[1 + n % 5], (array['a', 'ab', 'ab c', null])[1 + n % 4],
      case when n % 9 > 0 then '2024-01-01'::date + n * 11 end, '1999-12-31 23:59:59.5'::timestamp + n * interval '1 day 01:02:03.000451',
      '2023-12-25 12:00+00'::timestamptz + n * interval '7 hours 11 minutes', '00:00'::time + n * interval '7 minutes 0.25 seconds', n * interval '1 month -1 day 00:00:01', md5(n::text)::uuid,
      jsonb_build_object('n', n, 'x', null), case when n % 3 > 0 then array[n, null, -n] end, ('10.0.0.' || n % 256)::inet
      from generate_series(0, 300) n`,
  },
  {
    // Names that what is written of a statement has for its own use.
    name: 'letters',
    columns: [
      ['a', 'numeric(12,2)'],
      ['b', 'numeric(12,2)'],
      ['e', 'integer'],
      ['f', 'double precision'],
      ['p', 'numeric(12,2)'],
      ['x', 'double precision'],
      ['z', 'bigint'],
      ['c1', 'numeric(12,2)'],
      ['k1', 'integer'],
      ['t1', 'integer'],
    ],
    rows: `n * 0.25, n * 1.5 + 1, n, n * 0.5, n + 1, n * 0.125, n * 10, 30 - n, n % 3, n % 4 from generate_series(0, 20) n`,
  },
];

/** What PostgreSQL says, tierd says too. */
export const EQUAL: readonly string[] = String.raw`
7/2
-7/2
(-7)/2, volume/7 from md where volume = 22
1/0
7 % 3, -7 % 3, 7 % -3, mod(7, 3)
7 / 2.0, 1.0 / 3, 0 / 3.0, 100000::numeric / 7, 0.00001 / 3, -2.5 / 0.3
1::numeric/3
round(2.5::float8), round(-3.5::float8)
round(2.5), round(-2.5), round(2.345, 2), round(1.5, 3), round(10, 2)
avg(volume) from md where volume < 10
avg(close) from md where volume < 10
avg(close), avg(open), sum(close), min(open), max(volume), count(*) from md
round(avg(close), 2), avg(close)::float8, avg(close)::numeric(12,4) from md
sum(small), sum(id), sum(big), sum(price), sum(real8) filter (where id % 10 > 4), avg(small), avg(id), avg(big), avg(price), avg(fine) from types_t
symbol, avg(close) from md group by symbol order by avg(close) desc
symbol, avg(close) a from md group by 1 having avg(close) > -90.5 order by a, 1
(close - open) / open * 100 as pct from md where volume < 50 order by pct, volume
coalesce(avg(close), 0) from md where volume < 0
coalesce(null, 2.50), coalesce(1, 2.5), case when 1 > 2 then 1.5 else 2.25 end, case when 1 > 2 then 1.50 else 2 end
'abc' ~ 'b', 'abc' !~ 'z'
'ABC' ~* 'b', 'ABC' !~* 'b'
'foobar' ~ '^fo+', 'a.c' ~ 'a\.c', 'ab' ~ '^(a|b){2}$', E'a\nb' ~ 'a.b', '12' ~ '^\d+$', 'X' ~* '[a-c]|x'
'a_c' like 'a\_c', 'a\c' like 'a\\c', 'abc' like '%b_', 'abc' not like 'b%', 'axc' like 'a!_c' escape '!'
'A_c' ilike 'a\_C'
extract(epoch from '2024-03-01 00:00:00.5'::timestamptz)
extract(epoch from atz), extract(year from at), extract(second from at), extract(milliseconds from at), extract(dow from atz), extract(isodow from at), extract(doy from at), extract(week from atz), extract(epoch from day), extract(quarter from day), extract(hour from atz) from types_t where id > 0 order by id limit 50
date_part('epoch', atz), date_part('second', at), date_part('year', day) from types_t order by id limit 50
date_trunc('day', '2024-03-03 12:00'::timestamptz, 'America/New_York')
date_trunc('hour', atz), date_trunc('week', at), date_trunc('month', day), date_trunc('quarter', at), date_trunc('second', atz) from types_t order by id
date_bin('15 minutes', '2024-03-01 12:34'::timestamptz, '2001-01-01')
date_bin('5 minutes', at, timestamp '2001-01-01 00:00:01') from types_t order by id
'now'::timestamptz = now(), 'today'::date = current_date
now() - interval '1 hour' < now(), current_timestamp = now(), current_date - 1 < current_date
* from generate_series(1, 3)
* from generate_series('2024-01-01'::timestamptz, '2024-01-03', '1 day') g
count(*) from md where symbol = any('{S1,S2}'::text[]) and volume < 100
count(*) from md where volume <> all('{1,2}'::int8[]) and volume < 10
'{1,2,3}'::int4[]
array[1,2], array['a', null], array[1.50, 2.25]
'{"a","b c",NULL}'::text[]
'abc'::varchar(2), 'abc'::char(5), length('a  '::char(3))
'5' + 5, '5' - 2.5, 3 * '4', 10 / '3'
'abc'::name
5 # 3, 5 & 3, 5 | 3, ~5, @ -5
'\x00ff'::bytea
sha256('a'::bytea) is null
md5('a')
sha256('\x61'::bytea)
bool_and(volume > 5), every(volume >= 0), bool_or(volume > 5) from md where volume < 10
symbol from md where volume < 3 order by symbol using >
btrim('  a '), trim(both 'x' from 'xax'), ltrim('xxa', 'x'), trim(trailing from 'a  ')
1 between symmetric 2 and 0, 1 not between 2 and 3
symbol operator(pg_catalog.=) 'S1' from md where volume = 1
'a' collate "C" < 'B'
id, by from types_t where id = 1
U&'\0061'
'1.55'::numeric, '1.550'::numeric, 1e3, 1.5e-3, 12345678901, 99999999999999999999
'a' || 1.50, 'a' || 7, 'n' || true, 'd' || date '2024-01-31'
date '2024-03-01' + interval '1 day', date '2024-01-31' + 1, date '2024-03-01' - date '2024-02-01', timestamp '2024-01-31' + interval '1 month'
timestamp '2024-03-01' - timestamp '2024-01-01 01:00', timestamptz '2024-01-01 00:00+00' - timestamptz '2024-03-01 01:00+00'
greatest('a' collate "C", 'B'), greatest(1.5, 2.5, null), least(date '2024-01-01', '2023-01-01')
floor(extract(epoch from "timestamp")/300)*300 as time, count(*) from md where volume < 300 group by 1 order by 1
floor(extract(epoch from "timestamp")/300)*300 as "time", symbol as metric, avg(close) as value from md where "timestamp" between '2024-01-01T00:00:00Z' and '2024-01-02T00:00:00Z' group by 1, 2 order by 1, 2
count(*) from md where "timestamp"::date = '2024-01-01'
substring('abc' for 2), substring('abc' from 2), substring('hello' from -1 for 3), substr('hello', 2, 2), left('abc', -1), right('abc', 2)
lpad('a', 3, 'xy'), rpad('abc', 2), lpad('a', 5, ''), repeat('ab', 2), repeat('a', -1), replace('aaa', 'a', 'b'), replace('abc', '', 'x'), strpos('abc', 'c'), position('b' in 'abc'), reverse('añb')
upper(name collate "default"), lower(name collate "default"), length(name), octet_length(name), ascii(nullif(name, '')) from types_t where id < 20 order by id
concat('a', null, 1, 2.50), concat_ws(',', 'a', null, 'b')
floor(2.7), ceil(2.1), floor(-2.5), trunc(-2.7), abs(-2.70), sign(-2.5), floor(7), ceil(-0.5::float8), trunc(2.7::float8), abs(-3)
1.5 + 2.25, 1.50 * 2.5, 3 - 0.25, -1.50, 7.5 % 2.25, 1.5 > 1.50, 0.1 + 0.2 = 0.3
0.1::float8 + 0.2, 1e300::float8 * 10, 1.5::float4 * 2.5::float4, 7::float8 / 2, 1 + 0.5::float4
1e308::float8 * 10
1e-300::float8 * 1e-300::float8
1::float8 / 0
2147483647 + 1
9223372036854775807 + 1
2.5::int, 3.5::int, -2.5::int, 2.5::float8::int, 3.5::float8::int, '7'::int, true::int, 1::bool
1::text, 1.50::text, true::text, '2024-01-01'::date::text, null::text, 'x'::text
'2024-01-06 +00'::date, '2024-01-06 -05'::date, '2024-01-06 +05:30'::timestamptz, '2024-01-06 -0330'::timestamptz, '2024-01-06 +02'::timestamp, '2024-01-06 Z'::timestamptz
sqrt(2), sqrt(16), sqrt(-1)
sqrt(2.25::float8), ln(10::float8), pi()
1 = 1.0, 'NaN'::float8 = 'NaN'::float8, 'NaN'::float8 > 'Infinity'::float8
null = 1, null is null, not null::bool, 1 in (1, null), 2 in (1, null), 2 not in (1, null)
1 is distinct from null, null is not distinct from null, 1.0 is distinct from 1
true and null, false and null, true or null, (1 > 2) is not true, null::bool is unknown
nullif(1, 1), nullif(2, 1), nullif('a', 'b')
case symbol when 'S1' then 'one' else 'other' end, count(*) from md group by 1 order by 1
id, flag, small, big, price, fine, real4, name, code, tag, day, at, atz, clock, key from types_t order by id
id, loose, span, doc, net, list from types_t order by id
real8 from types_t where id % 10 > 4 order by real8, id
real8 from types_t order by real8 desc nulls last, id
name, code from types_t order by name desc, code, id limit 30
distinct name from types_t order by name
distinct on (name) name, id from types_t order by name, id desc
tag = 'ab', tag || '|', length(tag), code || '|' from types_t order by id limit 8
tag = code, nullif(tag, code), nullif(code, tag), code <> tag, 'ab  '::varchar = tag, 'ab  '::text = tag, tag in (code, 'a') from types_t order by id limit 12
count(distinct symbol), count(distinct volume / 100) from md
string_agg(symbol, ',' order by volume) from md where volume < 10
array_agg(volume order by volume desc) from md where volume < 5
row_number() over (order by volume), rank() over (order by symbol), lag(close) over (order by volume), lead(close, 2, 0.0000) over (order by volume), first_value(volume) over (partition by symbol order by volume) from md where volume < 20 order by volume
volume, sum(volume) over w, avg(volume) over w, count(*) over w from md where volume < 20 window w as (order by volume rows between 2 preceding and current row) order by volume
sum(close) over (partition by symbol order by volume) from md where volume < 30 order by volume
a.volume, b.symbol from md a join md b on a.volume = b.volume + 1 where a.volume < 5 order by 1
* from (select volume, symbol from md where volume < 3) a join (select volume, close from md) b using (volume) order by volume
a.id, b.id from types_t a left join types_t b on a.id = b.id * 2 where a.id < 10 order by a.id
volume from (select volume from md where volume < 3 union all select 7 union all select -1) u order by 1
symbol, 1 as n from md where volume < 2 union all select 'x', 2.5 order by 1
null union select 1 order by 1
(select max(volume) from md), exists (select 1 from md where volume > 5000), 3 in (select volume from md), 1.0 in (select volume from md)
volume from md m where exists (select from_.id from types_t from_ where from_.id = m.volume and from_.id < 4) order by 1
count(*) from md where (symbol, volume) in (('S1', 1), ('S2', 2), ('S3', 2))
x, y from (values (1, 'a'), (2, null)) v(x, y) order by x
symbol, first(open, "timestamp"), last(close, "timestamp") from md group by symbol order by symbol
time_bucket('5 minutes', "timestamp") as bucket, min(close), max(close) from md group by bucket order by bucket
bit_and(small), bit_or(id), bit_xor(big) from types_t
min(name), max(name), min(code), min(day), max(atz), min(at), max(clock) from types_t
interval '1 day' + interval '2 hours', interval '1 month' * 3, - interval '1 day', interval '90 minutes', 'P1DT2H'::interval, '1 year 2 mons 3 days 04:05:06.7'::interval
day + 7, day - 7, at + interval '1 month', atz - interval '36 hours', clock > '12:00' from types_t order by id
interval '30 days' = interval '1 month', interval '25 hours' > interval '1 day'
atz at time zone 'Europe/Berlin', at at time zone 'UTC' from types_t order by id limit 60
price::int, price::float8, fine::numeric(12,3), id::numeric, id::float8, small::int8, real4::float8 from types_t order by id
'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, key < 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' from types_t order by id limit 20
starts_with(name, 'a'), name like 'a%', name like '%\%%', name ilike 'B' from types_t order by id limit 16
volume from md order by volume limit 3 offset 2
volume from md order by volume limit null offset 1498
volume from md order by volume fetch first 2 rows only
count(*) from md as m(t, s) where s = 'S1' and t < '2024-01-01 00:10:00+00'
with_.n from (select count(*) as n from md) with_
id, power_ from (select id, price * price as power_ from types_t) p where power_ > 50000 order by 1
1 as "Ä", 2 as "select", 3 "a b"
count(*), count(name), sum(1), avg(1), max(1.5), min('a') from types_t
-0.0::float8, 0.0::float8 = -0.0::float8, -(0::float8)
'infinity'::timestamptz > now(), '-infinity'::date, 'infinity'::timestamp
'2024-02-28T23:59:59.123456789Z'::timestamptz, '2024-02-28 23:59:59.9999999'::timestamp, '1999-12-31T23:59:59.9999995+01'::timestamptz, '2024-01-01 23:59:59.9999999'::date, '9999-12-31 23:59:59.9999996'::timestamp
'2024-01-01 00:00:00.0000005'::timestamp, '2024-01-01 00:00:00.0000015'::timestamp, '2024-01-01 00:00:00.1234565'::timestamp, '2024-01-01 00:00:00.00000049'::timestamp, '2024-01-01 03:04:05.250000000'::timestamp
a / b, b / p, e / 3.0, z / 7.0, f / b::float8, x / (f + 1), x * f, x - f, -(a / 3), abs(a / 3), (a / 3) * b, a / 3 + b / 7, a / 3 > b / 7, floor(a / p), greatest(a / 3, b / 7), round(p / 3, 2), f::numeric, x::numeric from letters order by e
avg(a), avg(b), avg(p), avg(e), avg(z), sum(a) / count(*), percentile_cont(0.5) within group (order by x), percentile_cont(0.3) within group (order by b) from letters
k1, avg(a), avg(c1) from letters group by k1 having avg(b) > 1 order by avg(a), k1
t1, k1, c1, avg(p) over (partition by k1 order by e) from letters order by c1 desc
g, date_trunc('hour', g, 'Europe/Berlin'), date_trunc('second', g, 'Europe/Berlin'), date_trunc('day', g, 'Europe/Berlin'), g at time zone 'Europe/Berlin' from generate_series('2024-10-26 21:00:00.25+00'::timestamptz, '2024-10-27 03:00+00', '10 minutes') g
g, date_trunc('hour', g, 'Australia/Lord_Howe'), date_trunc('minute', g, 'Australia/Lord_Howe'), date_trunc('week', g, 'Australia/Lord_Howe') from generate_series('2024-04-06 13:10+00'::timestamptz, '2024-04-06 17:00+00', '10 minutes') g
g, date_trunc('hour', g, 'Australia/Lord_Howe'), date_trunc('milliseconds', g, 'America/Havana') from generate_series('2024-10-05 13:10+00'::timestamptz, '2024-10-05 17:00+00', '10 minutes') g
g, date_trunc('hour', g, 'America/Havana'), date_trunc('day', g, 'America/Havana'), date_trunc('month', g, 'America/Havana') from generate_series('2024-11-03 03:10+00'::timestamptz, '2024-11-03 07:00+00', '10 minutes') g
date_trunc('hour', 'infinity'::timestamptz, 'Europe/Berlin'), date_trunc('day', 'infinity'::timestamptz, 'Europe/Berlin'), date_trunc('hour', 'infinity'::timestamptz), date_trunc('hour', '-infinity'::timestamptz, 'UTC'), date_trunc('minute', null::timestamptz, 'UTC'), date_trunc('hour', '1890-01-01 00:10:10+00'::timestamptz, 'Europe/Berlin'), date_trunc('minute', '1890-01-01 00:10:10+00'::timestamptz, 'Europe/Berlin')
'12:00:00.1234567'::time, '12:00:59.9999999'::time, '12:00'::time, '23:59:59.9999999'::time, interval '01:02:03.1234567', interval '1 day -00:00:59.9999999'
md.volume, md.symbol from public.md where md.volume = 3
avg(real8), sum(real8) from types_t where id % 10 > 4
avg(ratio), sum(ratio), avg(ratio::float4) from md
floor(extract(epoch from atz) / 7) * 7, floor(extract(epoch from at) / 86400), floor(extract(epoch from at) / 1) from types_t
floor(extract(epoch from at - interval '80 years') / 3600), floor(extract(epoch from atz + interval '900 years') / 60) * 60, floor(extract(epoch from at + interval '0.000001 seconds') / 1000000) from types_t
floor(extract(epoch from timestamp '2024-01-01 00:04:59.999999') / 300), floor(extract(epoch from timestamp '1969-12-31 23:59:59.999999') / 300)
"timestamp" as "time", symbol as metric, close as "close" from md where "timestamp" between '2024-01-01T00:00:00Z' and '2024-01-01T00:01:00.000Z' order by 1
time_bucket('1 month', atz) as b, time_bucket('3 months', at), time_bucket('1 year', day), count(*) from types_t group by 1, 2, 3 order by 1, 2, 3
g, time_bucket('1 day', g, 'Europe/Berlin'), time_bucket('1 hour', g, 'Europe/Berlin'), time_bucket('1 week', g, 'America/Havana'), time_bucket('1 month', g, 'Asia/Kathmandu') from generate_series('2024-10-26 21:10+00'::timestamptz, '2024-11-04 07:00+00', '50 minutes') g
time_bucket('1 hour', atz, interval '30 minutes'), time_bucket('1 week', at, interval '-2 days'), time_bucket('7 days', atz, interval '1 day 02:00'), time_bucket('2 months', atz, interval '3 days') from types_t order by id
time_bucket('5 days', atz, '2024-01-02 01:00+00'::timestamptz), time_bucket('1 hour', at, timestamp '2030-01-01 00:20'), time_bucket('10 days', day, date '2024-01-05'), time_bucket('1 day', atz, 'UTC') from types_t order by id
time_bucket('300.000s', "timestamp") as "time", avg(close) as "close" from md where "timestamp" >= '2024-01-01T00:00:00Z' and "timestamp" < '2024-01-01T01:00:00Z' group by 1 order by 1
volume from md where extract(epoch from "timestamp") >= 1704067200 and extract(epoch from "timestamp") <= 1704067215 order by 1
volume, "timestamp", symbol from public.md where ((symbol ~~ 'S%'::text)) and ((volume = any ('{1,2,3}'::bigint[]))) and (("timestamp" >= '2024-01-01 00:00:00+00'::timestamp with time zone)) order by symbol asc nulls last, volume desc nulls first
count(*), sum(volume), avg(close), symbol from public.md where ((volume >= 5::bigint)) group by 4 having ((count(*) > 1::bigint)) order by symbol collate "C" asc nulls last
null from public.md where ((close is distinct from 101.5)) and ((symbol operator(pg_catalog.=) 'S1'::text)) limit 3::bigint
date_trunc('hour'::text, "timestamp"), pg_catalog.date_part('hour'::text, "timestamp"), r1.volume from (public.md r1 inner join public.types_t r2 on (((r2.big = r1.volume)) or ((r2.id = r1.volume)))) order by 3 limit 20::bigint
count(*) from (select r1.volume from public.md r1 where ((r1.volume < 10))) s1(c1) where s1.c1 > 3
"md"."symbol" as "md_symbol", "md"."close" as "md_close" from "md" where "md"."symbol" in ('S1', 'S2') and "md"."volume" between 3 and 30 order by "md"."volume" desc limit 10
* from (values (1, -0.0::float8), (2, 0::float8), (3, '-0'::float8)) v(i, x) order by x, i
real4::numeric, real8::numeric(12,3), round(real8::numeric, 2), real8::numeric / 3, real8::numeric::text from types_t where id % 10 > 4 order by id
round((ratio / 3)::numeric, 2), (ratio / 7)::numeric, (ratio * 1e10)::numeric, (ratio / 1e9)::numeric, (ratio * 1e15 / 7)::numeric from md order by volume limit 200
round(avg(ratio)::numeric, 3) from md
to_timestamp(1704067200), to_timestamp(1704067200.123456), to_timestamp(floor(extract(epoch from atz) / 300) * 300), to_timestamp(-1.5) from types_t
to_char(at, 'YYYY-MM-DD HH24:MI:SS'), to_char(atz, 'DD.MM.YYYY'), to_char(day, 'YYYY/MM'), to_char(at, 'YYYY-MM-DD"T"HH24:MI') from types_t order by id
exp(1), exp(real4), power(2, 3), power(2, 0.5::float8), power(real4, 2), power(id, 1.5::float8), log(100) from types_t order by id
exp(1000)
power(0, -1)
power(-1, 0.5::float8)
(big - 9223372036854775807 - 1) / -1 from types_t where id = 0
(small - small - 32768::int4)::int2 / (-1)::int2 from types_t where id = 0
price from types_t group by id
sum(case when flag then price else 0 end), avg(case when flag then price else 0 end), sum(coalesce(price, 0)), avg(coalesce(fine, 0.5)) from types_t
code, sum(case when flag then price else 0 end), sum(case when flag then 0 else fine end), avg(case when flag then 1.5 else 2 end) from types_t group by code order by code
sum(case when id < 0 then price else 0 end), avg(case when id < 0 then price end), sum(case when id < 0 then 1.5 else 2 end) filter (where id < 0) from types_t
greatest(price, 0), least(price, 0, 1.500), greatest(null, 2, 1.5), least(price, fine), greatest(1.0, 1.00) from types_t order by id
percentile_cont(0.5) within group (order by close), percentile_cont(0.95) within group (order by volume), percentile_cont(0) within group (order by ratio) from md
symbol, percentile_cont(0.25) within group (order by ratio) filter (where volume > 3) from md group by symbol order by symbol
percentile_cont(0.9) within group (order by real8) from types_t where id % 10 > 2
split_part('a,b,c', ',', 2), split_part('a,b,c', ',', -1), split_part('abc', '', 1), split_part('abc', '', 2), split_part('a', ',', 5), translate('12345', '143', 'ax'), translate('aab', 'aa', 'xy')
extract(epoch from at - timestamp '2024-01-01'), extract(epoch from interval '1 year 2 mons 3 days 04:05:06.789'), extract(epoch from atz - '2024-01-01 00:00+00') / 3600 from types_t order by id
(select sum(volume) from md where volume < 3) in (select 2.75), sum(big) in (select 1.5), 3 in (select 2.75), sum(id) + 0.25 from types_t
real8::int from types_t
real8::float4::int8 from types_t
id / (id - id) from types_t
id % (small - small) from types_t
big * 4 from types_t
small + 30000::int2 from types_t
sqrt(real4) from types_t
price / (price - price) from types_t
real8 / (real4 - real4) from types_t
(id * 1e200::float8) * (id * 1e200::float8) from types_t
small::int2 * 2::int2 from types_t
(price * 1000000)::int2 from types_t
(price * 10000000)::int from types_t
-(small - 1::int2 - 1::int2)::int2 from types_t
name::int from types_t
left(name, 1)::uuid from types_t
substring(name from 1 for id - 5) from types_t
fine::numeric(10,8) from types_t
real8::float4 from types_t where id = 5
(id::float8 * '1e39'::float8)::float4 from types_t where id = 5
(select volume from md)
`
  .trim()
  .split('\n');

/** PostgreSQL answers, and tierd says by name that it doesn't. */
export const REFUSED: readonly (readonly [fragment: string, sqlstate: string])[] = (
  [
    [String.raw`'foobar' similar to '%bar'`, '0A000'],
    [String.raw`'é' ~ '^\w$'`, '0A000'],
    [String.raw`'ab' ~ '(?=a)a'`, '0A000'],
    [String.raw`'aa' ~ '(a)\1'`, '0A000'],
    [String.raw`name ~ code from types_t`, '0A000'],
    ["substring('foobar' from 'o(.)b')", '0A000'],
    ['1 union select 2.5', '0A000'],
    ["regexp_matches('foobarbeque','(bar)(beque)')", '42883'],
    ["to_char(now(), 'Day')", '0A000'],
    ["to_date('01 Mar 2024', 'DD Mon YYYY')", '42883'],
    ["justify_hours(interval '30 hours')", '42883'],
    ['generate_series(1,3)', '42883'],
    ['array[1,2] || 3', '0A000'],
    ['cardinality(array[1,2])', '42883'],
    ['width_bucket(5.35, 0.024, 10.06, 5)', '42883'],
    ["encode('\\x00ff'::bytea,'hex')", '42883'],
    ["format('%s-%s', 'a', 'b')", '42883'],
    ["jsonb_build_object('a',1)", '42883'],
    ["doc ->> 'n' from types_t", '42883'],
    ['log(2.0, 8.0)', '0A000'],
    ['sqrt(2.0)', '0A000'],
    ['|/ 16.0', '42883'],
    ['real8::text from types_t', '0A000'],
    ['sum(real4) from types_t', '0A000'],
    ['stddev(volume) from md', '0A000'],
    ['percentile_disc(0.5) within group (order by close) from md', '0A000'],
    ['loose + 1 from types_t', '42883'],
    ['sum(loose) from types_t', '42883'],
    ['span + span from types_t', '42883'],
    ['avg(close / 3) from md', '0A000'],
    ['symbol, count(*) from md group by rollup (symbol)', '0A000'],
    ['volume from md order by volume fetch first 2 rows with ties', '0A000'],
    ['volume from md for update', '25006'],
    ["'Jan 1 2024'::date", '0A000'],
    ["now() at time zone 'EST'", '0A000'],
    ['random()', '42883'],
    ['loose, count(*) from types_t group by loose', '0A000'],
    ['distinct doc from types_t', '0A000'],
    ["at - timestamp '2024-01-01', count(*) from types_t group by 1", '0A000'],
    ['m from md m', '42703'],
    ['nothing from md', '42703'],
    ['1 from nothing', '42P01'],
    ["'x'::int", '22P02'],
    ['read_parquet from md, read_parquet(1)', '0A000'],
    ["getenv('HOME')", '42883'],
  ] as const
).map(([fragment, sqlstate]) => [fragment, sqlstate]);
