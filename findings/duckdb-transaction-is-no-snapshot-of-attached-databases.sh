#!/usr/bin/env bash
# DuckDB 1.5.6 (npm @duckdb/node-api 1.5.6-r.1), Node 20 or later.
#
# Guess before running: BEGIN followed by a first query fixes what the transaction sees, in every database that
# is attached; rows that another connection commits afterwards stay unseen until COMMIT.
#
# Seen: only the databases that the transaction has touched are fixed. Each attached database is fixed when the
# transaction first names it, so that rows committed long after BEGIN are in its answers, while now() stands
# still. Whoever joins two databases in one transaction does not read them as of one instant.
# The database that was touched first behaves as guessed.
#
# What it means for tierd: hot rows that are copied into an attached database after the query's BEGIN are seen
# by the query (docs/adr/0010 relies on it), and a rollback of the query leaves them there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @duckdb/node-api@1.5.6-r.1 >/dev/null
cat >run.mjs <<'JS'
import { DuckDBInstance } from '@duckdb/node-api';
const instance = await DuckDBInstance.create(':memory:');
const reader = await instance.connect();
const writer = await instance.connect();
const count = async (table) => Number((await reader.runAndReadAll(`select count(*) from ${table}`)).getRows()[0][0]);
for (const name of ['touched', 'untouched']) {
  await writer.run(`attach ':memory:' as ${name}`);
  await writer.run(`create table ${name}.t as select 1 as a`);
}
await reader.run('begin');
const before = await count('touched.t');
const began = String((await reader.runAndReadAll('select now()::varchar')).getRows()[0][0]);
for (const name of ['touched', 'untouched']) await writer.run(`insert into ${name}.t values (2), (3)`);
const seen = { touched: await count('touched.t'), untouched: await count('untouched.t') };
const now = String((await reader.runAndReadAll('select now()::varchar')).getRows()[0][0]);
await reader.run('rollback');
console.log(JSON.stringify({ version: (await reader.runAndReadAll('select version()')).getRows()[0][0], before, ...seen, clockStoodStill: began === now }));
JS
found=$(node run.mjs)
expected='{"version":"v1.5.6","before":1,"touched":1,"untouched":3,"clockStoodStill":true}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: one transaction, two instants'
