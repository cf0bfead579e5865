#!/usr/bin/env bash
# DuckDB 1.5.6 (npm @duckdb/node-api 1.5.6-r.1), Node 20 or later.
#
# Guess before running: a lambda's parameter hides a column of its name, `a` and `a.u` alike, as a name of an inner query hides one of the
# outer query.
#
# Seen: `a` is the parameter, `a.u` is the column's field. In one lambda, `lambda a: a.u` over [{'u': 5}] gives the 1 of the table's struct
# column `a`, without a word, and list_filter leaves out what it should keep; `(a).u`, `a['u']` and struct_extract(a, 'u') give 5. A list
# comprehension does as the lambda. Where the column `a` is no struct, the query that ran on every other table is an error.
#
# What it means for tierd: the PostgreSQL face writes numerics as structs within lambdas, so divisions failed on a table with a column
# `a`. It writes `(a).u` now. Users who write lambdas in `tierd query` meet it with columns of their own: docs/query.md says so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @duckdb/node-api@1.5.6-r.1 >/dev/null
cat >run.mjs <<'JS'
import { DuckDBInstance } from '@duckdb/node-api';
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run("create table t as select {'u': 1} as a, 7 as b; create table plain as select 3 as a");
const found = { version: (await connection.runAndReadAll('select version()')).getRows()[0][0] };
const asked = {
  parameter: 'list_transform([5], lambda b: b)',
  field: "list_transform([{'u': 5}], lambda a: a.u)",
  inBrackets: "list_transform([{'u': 5}], lambda a: (a).u)",
  byKey: "list_transform([{'u': 5}], lambda a: a['u'])",
  comprehension: "[a.u for a in [{'u': 5}]]",
  filtered: "list_filter([{'u': 5}], lambda a: a.u = 5)",
};
for (const [name, sql] of Object.entries(asked)) {
  const { 0: [value] } = (await connection.runAndReadAll(`select (${sql})::varchar from t`)).getRows();
  found[name] = value;
}
found.plain = await connection
  .runAndReadAll("select list_transform([{'u': 5}], lambda a: a.u) from plain")
  .then(() => 'answered', (error) => /^(\w+ Error): Cannot extract field/.exec(error.message)?.[1] ?? error.message);
console.log(JSON.stringify(found));
JS
found=$(node run.mjs)
expected='{"version":"v1.5.6","parameter":"[5]","field":"[1]","inBrackets":"[5]","byKey":"[5]","comprehension":"[1]","filtered":"[]","plain":"Binder Error"}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: of a lambda’s parameter a field is that of the column of its name'
