#!/usr/bin/env bash
# DuckDB 1.5.5 with its iceberg extension, daft 0.7.26, polars 2.1.0, pyiceberg 0.12.0 with pyiceberg-core 0.11.0 (PyPI), Python 3.
#
# Guess before running: whoever prunes an Iceberg table by its partitions (the day, hour or month of a time, counted from 1970)
# counts as the specification says, downwards before 1970, or keeps a partition too many. Only ClickHouse was suspected, whose
# date_trunc is known to go upwards there.
#
# Seen: DuckDB counts days and months towards 1970, and daft hours. The time that a filter begins with then lies in the
# partition after its own, and what its own partition has is not read: of a table by month, `time >= 1969-12-30` finds nothing of
# December 1969 in DuckDB; a table by day loses the rest of the day that the filter begins in. Without a word; polars and pyiceberg
# find all rows. The partition values in the manifests are those of the specification (December 1969 is -1).
#
# What it means for tierd: its Iceberg tables are partitioned so. docs/iceberg.md says how to ask for times before 1970.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'pyiceberg[pyarrow,sql-sqlite]==0.12.0' pyiceberg-core==0.11.0 \
  pyarrow==25.0.1 duckdb==1.5.5 duckdb-extensions==1.5.5 duckdb-extension-iceberg==1.5.5 duckdb-extension-avro==1.5.5 \
  daft==0.7.26 polars==2.1.0 pytz
cat >run.py <<'PY'
import datetime as dt, json, os
import daft, duckdb, polars, pyarrow as pa
from duckdb_extensions import import_extension
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.transforms import DayTransform, HourTransform, MonthTransform

for extension in ('avro', 'iceberg'):
    import_extension(extension)
connection = duckdb.connect()
connection.execute("load iceberg; set TimeZone = 'UTC'")
catalogue = SqlCatalog('c', uri='sqlite:///c.db', warehouse='file://' + os.getcwd() + '/w')
catalogue.create_namespace('lake')

def utc(*parts):
    return dt.datetime(*parts, tzinfo=dt.timezone.utc)

times = [utc(1969, 12, 1), utc(1969, 12, 30, 18), utc(1969, 12, 31, 12, 45), utc(1970, 1, 2, 12, 45)]
rows = pa.table({'time': pa.array(times, pa.timestamp('us', 'UTC')), 'n': pa.array(range(4), pa.int32())})
found = {}
for name, transform, begin in (
    ('month', MonthTransform(), utc(1969, 12, 30)),
    ('day', DayTransform(), utc(1969, 12, 31, 9, 30)),
    ('hour', HourTransform(), utc(1969, 12, 31, 12, 30)),
):
    table = catalogue.create_table('lake.by_' + name, rows.schema)
    with table.update_spec() as spec:
        spec.add_field('time', transform, 'part')
    table = catalogue.load_table('lake.by_' + name)
    table.append(rows)
    text = begin.isoformat()
    asked = f"from iceberg_scan('{table.metadata_location}') where"
    found[name] = {
        'all rows': [row[0] for row in duckdb.sql(f"select n from rows where time >= timestamptz '{text}' order by n").fetchall()],
        'pyiceberg': sorted(table.scan(row_filter=f"time >= '{text}'").to_arrow()['n'].to_pylist()),
        'polars': sorted(polars.scan_iceberg(table).filter(polars.col('time') >= begin).collect()['n'].to_list()),
        'daft': sorted(daft.read_iceberg(table).where(daft.col('time') >= begin).to_pydict()['n']),
        'duckdb': [row[0] for row in connection.execute(f"select n {asked} time >= timestamptz '{text}' order by n").fetchall()],
        'duckdb, not pruned': [row[0] for row in connection.execute(
            f"select n {asked} epoch_us(time) >= epoch_us(timestamptz '{text}') order by n").fetchall()],
    }
print(json.dumps(found))
PY
found=$(env/bin/python run.py 2>/dev/null)
expected='{"month": {"all rows": [1, 2, 3], "pyiceberg": [1, 2, 3], "polars": [1, 2, 3], "daft": [1, 2, 3], "duckdb": [3], "duckdb, not pruned": [1, 2, 3]}, "day": {"all rows": [2, 3], "pyiceberg": [2, 3], "polars": [2, 3], "daft": [2, 3], "duckdb": [3], "duckdb, not pruned": [2, 3]}, "hour": {"all rows": [2, 3], "pyiceberg": [2, 3], "polars": [2, 3], "daft": [3], "duckdb": [2, 3], "duckdb, not pruned": [2, 3]}}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: what its own partition has before 1970 is not read'
