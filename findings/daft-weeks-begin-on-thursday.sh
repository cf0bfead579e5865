#!/usr/bin/env bash
# daft 0.7.26 beside DuckDB 2.0.1, DataFusion 55.0.0 and polars 2.1.0 (PyPI), Python 3.
#
# Guess before running: date_trunc('week', …) gives the Monday, as in PostgreSQL, DuckDB, DataFusion, Spark and
# polars; the function has the name and the argument of PostgreSQL's.
#
# Seen: daft gives the Thursday. It counts pieces of seven days from 1970-01-01, which was one, so that a Wednesday
# and the Monday before it fall into two weeks; the day of a week asked for by itself is right. Weekly bars made with it
# join with nobody else's, and no error says so.
#
# What it means for tierd: docs/engines.md names it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check daft==0.7.26 duckdb==2.0.1 datafusion==55.0.0 polars==2.1.0 pyarrow==25.0.1
cat >run.py <<'PY'
import datetime, json
import daft, datafusion, duckdb, polars, pyarrow as pa, pyarrow.parquet as pq

days = [datetime.datetime(2024, 1, day, 15, 30) for day in (1, 3, 4, 7)]
rows = pa.table({'ts': pa.array(days, pa.timestamp('us'))})
pq.write_table(rows, 'days.parquet')
context = datafusion.SessionContext()
context.register_parquet('t', 'days.parquet')
sql = "select date_trunc('week', ts) as w from t order by ts"
found = {
    'daft': daft.sql(sql, t=daft.read_parquet('days.parquet')).to_pydict()['w'],
    'duckdb': [row[0] for row in duckdb.sql(sql.replace(' t ', " 'days.parquet' ")).fetchall()],
    'datafusion': context.sql(sql).to_pydict()['w'],
    'polars': polars.read_parquet('days.parquet')['ts'].dt.truncate('1w').to_list(),
}
print(json.dumps({name: [f'{day:%a %d}' for day in weeks] for name, weeks in found.items()}))
PY
found=$(env/bin/python run.py 2>/dev/null)
expected='{"daft": ["Thu 28", "Thu 28", "Thu 04", "Thu 04"], "duckdb": ["Mon 01", "Mon 01", "Mon 01", "Mon 01"], "datafusion": ["Mon 01", "Mon 01", "Mon 01", "Mon 01"], "polars": ["Mon 01", "Mon 01", "Mon 01", "Mon 01"]}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: weeks that begin on Thursday'
