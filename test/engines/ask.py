"""Asks one engine about an Iceberg table of tierd's: JSON in on stdin, JSON out on stdout.

In:  {"engine": "pyiceberg", "database": "postgresql://…", "table": "ticks", "metadata": "file:///…",
      "folder": "/…", "rest": "http://…" or null, "token": "…" or null,
      "snapshot": null or an id, "questions": [{"name": "…", "filter": "…" or null}]}
Out: {"version": "…", "answers": {"name": {"rows": 1, "price": "1.00000000", …}}}

A filter is SQL that every engine understands. `time` is compared as text with its zone.
"""
import json
import sys
from decimal import Decimal

order = json.load(sys.stdin)
COLUMNS = "count(*) as n, sum(price) as price, sum(size) as size, min(time) as first, max(time) as last"


def micros(value):
    if value is None:
        return None
    import datetime
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value)
    if value.tzinfo is None:
        value = value.replace(tzinfo=datetime.timezone.utc)
    delta = value - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def answer(n, price, size, first, last):
    return {
        "rows": int(n),
        "price": None if price is None else format(Decimal(str(price)).normalize(), "f"),
        "size": None if size is None else int(size),
        "first": micros(first),
        "last": micros(last),
    }


def of_arrow(table):
    import pyarrow.compute as pc
    if table.num_rows == 0:
        return answer(0, None, None, None, None)
    bounds = pc.min_max(table["time"]).as_py()
    return answer(
        table.num_rows,
        pc.sum(table["price"]).as_py(),
        pc.sum(table["size"]).as_py(),
        bounds["min"],
        bounds["max"],
    )


def catalogue():
    if order.get("rest"):
        from pyiceberg.catalog.rest import RestCatalog
        return RestCatalog("tierd", uri=order["rest"], token=order["token"])
    from pyiceberg.catalog.sql import SqlCatalog
    uri = "postgresql+psycopg2://" + order["database"].split("://", 1)[1]
    joined = "&" if "?" in uri else "?"
    return SqlCatalog("tierd", uri=f"{uri}{joined}options=-csearch_path%3Dtierd", init_catalog_tables="false")


def ask_pyiceberg():
    import pyiceberg
    table = catalogue().load_table(("lake", order["table"]))
    for question in order["questions"]:
        scan = table.scan(
            row_filter=question["filter"] or "true",
            snapshot_id=order["snapshot"],
        ) if question["filter"] else table.scan(snapshot_id=order["snapshot"])
        yield question["name"], of_arrow(scan.to_arrow())
    order["version"] = pyiceberg.__version__


def ask_polars():
    import polars
    lazy = polars.scan_iceberg(order["metadata"], snapshot_id=order["snapshot"])
    context = polars.SQLContext(t=lazy)
    for question in order["questions"]:
        where = f" where {question['filter']}" if question["filter"] else ""
        frame = context.execute(f"select {COLUMNS} from t{where}").collect()
        yield question["name"], answer(*frame.row(0))
    order["version"] = polars.__version__


def ask_daft():
    import daft
    table = catalogue().load_table(("lake", order["table"]))
    t = daft.read_iceberg(table, snapshot_id=order["snapshot"])
    for question in order["questions"]:
        frame = t.where(question["filter"]) if question["filter"] else t
        row = daft.sql(f"select {COLUMNS} from frame").to_pylist()[0]
        yield question["name"], answer(row["n"], row["price"], row["size"], row["first"], row["last"])
    order["version"] = daft.__version__


def ask_chdb():
    import os
    import chdb
    # It reads nothing outside of where it is.
    os.chdir('/')
    for question in order["questions"]:
        where = f" where {question['filter']}" if question["filter"] else ""
        time = "toUnixTimestamp64Micro(toDateTime64({}(time), 6, 'UTC'))"
        settings = f" settings iceberg_snapshot_id = {order['snapshot']}" if order["snapshot"] else ""
        text = str(chdb.query(
            f"select count(), toString(sum(price)), sum(size), {time.format('min')}, {time.format('max')} "
            f"from icebergLocal('{order['folder']}', 'Parquet'){where}{settings}", "JSONCompactEachRow"))
        n, price, size, first, last = json.loads(text)
        # It gives the sum of no rows as null or 0, and their smallest time as 1970.
        some = int(n) > 0
        yield question["name"], {
            "rows": int(n),
            "price": format(Decimal(price).normalize(), "f") if some else None,
            "size": int(size) if some else None,
            "first": int(first) if some else None,
            "last": int(last) if some else None}
    order["version"] = chdb.__version__


ENGINES = {
    "pyiceberg": ask_pyiceberg,
    "polars": ask_polars,
    "daft": ask_daft,
    "chdb": ask_chdb,
}
answers = dict(ENGINES[order["engine"]]())
print(json.dumps({"version": order["version"], "answers": answers}))
