"""Has one engine try to write into an Iceberg table of tierd's, which refuses it: what `ask.py` is given, on stdin."""
import json
import sys

order = json.load(sys.stdin)


def with_pyiceberg():
    import datetime
    import pyarrow as pa
    from pyiceberg.catalog.rest import RestCatalog
    table = RestCatalog("tierd", uri=order["rest"], token=order["token"]).load_table(("lake", order["table"]))
    time = datetime.datetime(2026, 2, 1, tzinfo=datetime.timezone.utc)
    table.append(pa.Table.from_pylist([{"time": time, "symbol": "X"}], schema=table.schema().as_arrow()))


def with_duckdb():
    import duckdb
    from duckdb_extensions import import_extension
    for extension in ("avro", "httpfs", "iceberg"):
        import_extension(extension)
    connection = duckdb.connect()
    connection.execute("load iceberg; load httpfs; set TimeZone = 'UTC'")
    connection.execute(f"attach 'any' as tierd (type iceberg, endpoint '{order['rest']}', token '{order['token']}')")
    connection.execute(f"insert into tierd.lake.{order['table']} values (timestamptz '2026-02-01 00:00:00+00', 'X')")


def with_spark():
    import os
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.master("local[1]").config("spark.jars", os.environ["TIERD_TEST_SPARK_JARS"])
    settings = {"": "org.apache.iceberg.spark.SparkCatalog", ".type": "rest", ".uri": order["rest"], ".token": order["token"]}
    for key, value in settings.items():
        builder = builder.config(f"spark.sql.catalog.tierd{key}", value)
    session = builder.getOrCreate()
    session.sql(f"insert into tierd.lake.{order['table']} values (timestamp '2026-02-01 00:00:00 UTC', 'X')")


try:
    {"pyiceberg": with_pyiceberg, "duckdb": with_duckdb, "spark": with_spark}[order["engine"]]()
except Exception as refusal:
    print(json.dumps({"refused": str(refusal)}))
else:
    print(json.dumps({"refused": None}))
