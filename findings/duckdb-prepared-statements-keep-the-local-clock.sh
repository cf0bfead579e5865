#!/usr/bin/env bash
# DuckDB 1.5.6 (npm @duckdb/node-api 1.5.6-r.1), Node 20 or later.
#
# Guess before running: a prepared statement reads the clock each time that it is executed, whichever function it
# asks for the time: now(), current_date, current_localtimestamp() and age() differ in type and zone alone.
#
# Seen: now() and current_date are those of the execution. current_localtimestamp() and current_localtime() are
# those of the preparation for as long as the statement lives, and so are current_setting('TimeZone') and
# getvariable('v'), whatever was set since. duckdb_functions() calls these four, and age() of one argument, which reads
# the clock as well, CONSISTENT; now() and current_date it calls CONSISTENT_WITHIN_QUERY. "The rows of
# the last hour" of a service that prepares its statements once stand still from then on.
#
# What it means for tierd: each query is prepared in the transaction in which it runs and once, so its answers have the
# time of their query. Which answers may be kept is not left to that column: functions are listed by hand.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @duckdb/node-api@1.5.6-r.1 >/dev/null
cat >run.mjs <<'JS'
import { DuckDBInstance } from '@duckdb/node-api';
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const asked = {
  'now()': 'now()',
  current_localtimestamp: 'current_localtimestamp()',
  current_localtime: 'current_localtime()',
  current_setting: "current_setting('TimeZone')",
  getvariable: "getvariable('v')",
};
await connection.run("set TimeZone = 'UTC'; set variable v = 1");
const prepared = {};
const valueOf = async (statement) => (await (await statement.run()).getRows())[0][0];
for (const [name, call] of Object.entries(asked)) {
  const statement = await connection.prepare(`select (${call})::varchar`);
  prepared[name] = { statement, first: await valueOf(statement) };
}
await connection.run("set TimeZone = 'Asia/Tokyo'; set variable v = 2");
await new Promise((resolve) => setTimeout(resolve, 50));
const found = { version: (await connection.runAndReadAll('select version()')).getRows()[0][0] };
for (const [name, { statement, first }] of Object.entries(prepared)) {
  found[name] = (await valueOf(statement)) === first ? 'stands still' : 'goes on';
}
const stability = await connection.runAndReadAll(
  "select distinct stability from duckdb_functions() where function_name in ('current_localtimestamp', 'current_localtime', 'current_setting', 'getvariable') or (function_name = 'age' and len(parameters) = 1)",
);
found.stability = stability.getRows().flat();
console.log(JSON.stringify(found));
JS
found=$(node run.mjs)
expected='{"version":"v1.5.6","now()":"goes on","current_localtimestamp":"stands still","current_localtime":"stands still","current_setting":"stands still","getvariable":"stands still","stability":["CONSISTENT"]}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: what was prepared keeps the local time of its preparation'
