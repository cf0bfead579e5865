#!/usr/bin/env bash
# daft 0.7.26, polars 2.1.0, pyiceberg 0.12.0 with pyiceberg-core 0.11.0 (PyPI), Python 3.
#
# Guess before running: a column that is dropped from an Iceberg table is left out by readers, for columns are found by their field
# ids, and the files of before stay as they are. That is the first thing the format promises.
#
# Seen: daft reads no column that stands behind the dropped one in the files of before: "failed to fill whole buffer", whatever the
# columns' types, the codec (none, snappy, zstd) and the number of rows (3, 1,000, 100,000 tried). Those before it are read.
# Never a wrong value. polars and pyiceberg read all of it.
#
# What it means for tierd: columns that PostgreSQL dropped, and those that an Iceberg table leaves out, stay in the segments. docs/engines.md
# says what helps.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'pyiceberg[pyarrow,sql-sqlite]==0.12.0' pyiceberg-core==0.11.0 \
  pyarrow==25.0.1 daft==0.7.26 polars==2.1.0 pytz
cat >run.py <<'PY'
import json, os
import daft, polars, pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

catalogue = SqlCatalog('c', uri='sqlite:///c.db', warehouse='file://' + os.getcwd() + '/w')
catalogue.create_namespace('lake')
rows = pa.table({'a': pa.array([1, 2, 3]), 'b': pa.array([1.5, 2.5, 3.5]), 'c': pa.array(['x', 'y', 'z'])})

def read(ask, name):
    try:
        return 'read' if ask() == rows[name].to_pylist() else 'WRONG'
    except Exception as error:
        return 'failed to fill whole buffer' if 'failed to fill whole buffer' in str(error) else str(error)

found = {}
for dropped in 'abc':
    table = catalogue.create_table('lake.without_' + dropped, rows.schema)
    table.append(rows)
    with table.update_schema() as schema:
        schema.delete_column(dropped)
    table.refresh()
    for name in set('abc') - {dropped}:
        found[f'{name} without {dropped}'] = [
            read(lambda: daft.read_iceberg(table).select(name).to_pydict()[name], name),
            read(lambda: polars.scan_iceberg(table).select(name).collect()[name].to_list(), name),
            read(lambda: table.scan(selected_fields=(name,)).to_arrow()[name].to_pylist(), name),
        ]
print(json.dumps(found, sort_keys=True))
PY
found=$(env/bin/python run.py 2>/dev/null)
lost='["failed to fill whole buffer", "read", "read"]'
well='["read", "read", "read"]'
expected="{\"a without b\": $well, \"a without c\": $well, \"b without a\": $lost, \"b without c\": $well, \"c without a\": $lost, \"c without b\": $lost}"
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: daft reads no column behind a dropped one'
