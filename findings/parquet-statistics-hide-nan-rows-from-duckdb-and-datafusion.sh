#!/usr/bin/env bash
# pyarrow 25.0.1, DuckDB 2.0.1, DataFusion 55.0.0 (PyPI), Python 3.
#
# Guess before running: an engine that says NaN > 100 (DuckDB, DataFusion and PostgreSQL put NaN above every
# number) knows that Parquet's statistics leave NaN out, so that it doesn't prune by the maximum of a floating
# column unless it can tell that there is no NaN; a filter and a counted condition give one answer.
#
# Seen: of a file that pyarrow (or DataFusion) wrote, both prune the row group by its maximum. `count(*) … where
# x > 100` is 0 and `count(*) filter (where x > 100)` is 1, in one engine and on one file, and `max(x)` is 2
# from the file and NaN from a table with the same rows. DuckDB's own files are answered rightly, for it writes
# no bounds where a NaN is.
#
# What it means for tierd: its segments are written by DuckDB and have no such bounds, it never prunes by the
# bounds of a floating column (query/segments/prune.ts), and its Iceberg manifests have none for them. Files of other
# writers that are laid beside a lake do not have this.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pyarrow==25.0.1 duckdb==2.0.1 datafusion==55.0.0
cat >run.py <<'PY'
import json, duckdb, datafusion, pyarrow as pa, pyarrow.parquet as pq

rows = pa.table({'x': pa.array([1.0, float('nan'), 2.0], pa.float64())})
pq.write_table(rows, 'pyarrow.parquet')
duckdb.sql("copy rows to 'duckdb.parquet' (format parquet)")

def duck(file):
    ask = lambda sql: duckdb.sql(sql).fetchall()[0][0]
    return [ask(f"select count(*) from '{file}' where x > 100"),
            ask(f"select count(*) filter (where x > 100) from '{file}'"),
            str(ask(f"select max(x) from '{file}'"))]

def fusion(file):
    context = datafusion.SessionContext()
    context.register_parquet('t', file)
    ask = lambda sql: list(context.sql(sql).to_pydict().values())[0][0]
    return [ask('select count(*) from t where x > 100'),
            ask('select count(*) filter (where x > 100) from t'),
            str(ask('select max(x) from t'))]

print(json.dumps({f'{name}, file of {writer}': engine(f'{writer}.parquet')
                  for name, engine in (('duckdb', duck), ('datafusion', fusion))
                  for writer in ('pyarrow', 'duckdb')}))
PY
found=$(env/bin/python run.py)
expected='{"duckdb, file of pyarrow": [0, 1, "2.0"], "duckdb, file of duckdb": [1, 1, "nan"], "datafusion, file of pyarrow": [0, 1, "2.0"], "datafusion, file of duckdb": [1, 1, "nan"]}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: a filter loses the NaN rows that a counted condition sees'
