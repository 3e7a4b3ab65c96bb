"""
The one entry point of every task's Spark job: does what a plan says (see shared/compute/spark-plan.ts), and decides nothing.

    spark-submit job.py LAKE PLAN

LAKE is where the lake is, as Spark reads it (`s3://bucket` or `file:///folder`), PLAN the plan's key there. A version is made when its
manifest is written, which happens once for an attempt; a failure that is the task's own is written beside it. Whatever else ends the
job leaves nothing, and whoever asks after it judges by its service's words.
"""

import datetime
import json
import os
import sys
import time
import uuid

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

EXAMPLES = 3
# A bound longer than this is of no use to anyone.
BOUND_LENGTH = 256


class Lake:
    """Files of the lake, by way of Spark's own file systems: what Spark can read, this can."""

    def __init__(self, spark, root):
        self.jvm = spark._jvm
        self.conf = spark._jsc.hadoopConfiguration()
        path = self.jvm.org.apache.hadoop.fs.Path(root)
        # As Spark itself names it: file:///a is file:/a to it.
        self.root = path.getFileSystem(self.conf).makeQualified(path).toString().rstrip("/")

    def uri(self, key):
        return f"{self.root}/{key}"

    def address(self, key):
        """As `_metadata.file_path` has it, with what an address must escape escaped."""
        return self.jvm.org.apache.hadoop.fs.Path(self.uri(key)).toUri().toString()

    def _at(self, key):
        path = self.jvm.org.apache.hadoop.fs.Path(self.uri(key))
        return path.getFileSystem(self.conf), path

    def read(self, key):
        fs, path = self._at(key)
        stream = fs.open(path)
        try:
            return self.jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
        finally:
            stream.close()

    def create(self, key, text):
        """Writes a file that is not there yet, whole or not at all; one that is there stays as it is."""
        fs, path = self._at(key)
        if fs.exists(path):
            return
        # Where a file grows while it is written it grows beside its place; in a bucket it appears when it is whole.
        grows = fs.getScheme() == "file"
        written = self.jvm.org.apache.hadoop.fs.Path(self.uri(f"{key}.{uuid.uuid4().hex}")) if grows else path
        stream = fs.create(written, False)
        stream.write(bytearray(text, "utf-8"))
        stream.close()
        if grows and not fs.rename(written, path):
            fs.delete(written, False)


def main(root, key):
    # Python is given instants in the machine's zone.
    os.environ["TZ"] = "UTC"
    time.tzset()
    spark = (
        SparkSession.builder.config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .config("spark.sql.legacy.timeParserPolicy", "CORRECTED")
        # Timestamps that come as they are, whatever wrote them.
        .config("spark.sql.parquet.inferTimestampNTZ.enabled", "false")
        .config("spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
        .getOrCreate()
    )
    try:
        run(spark, root, key)
    finally:
        spark.stop()


def run(spark, root, key):
    lake = Lake(spark, root)
    plan = json.loads(lake.read(key))
    folder = key.rsplit("/", 1)[0]
    try:
        manifest = make(spark, lake, plan, folder)
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        lake.create(f"{folder}/failure.json", json.dumps(failure))
        sys.exit(f"{failure['code']}: {failure['message']}")
    lake.create(f"{folder}/manifest.json", json.dumps(manifest))


def make(spark, lake, plan, folder):
    for alias, table in plan["inputs"].items():
        table_of(spark, lake, table).createOrReplaceTempView(alias)
    values = {name: value if name == "partition" else instant(value) for name, value in plan["parameters"].items()}
    made = spark.sql(plan["sql"], args=values)
    # A folder of its own within the attempt's: a second job of the same attempt writes beside it, and one manifest names one of them.
    data = f"{folder}/data-{uuid.uuid4().hex}"
    made.select([quoted(c["name"]) for c in plan["columns"]]).write.parquet(lake.uri(data))
    schema = ", ".join(f"{quoted(c['name'])} {c['type']}" for c in plan["columns"])
    written = spark.read.schema(schema).parquet(lake.uri(data))
    manifest = {**plan["manifest"], **measure(written, plan, data)}
    check(spark, written, plan, manifest)
    return manifest


def table_of(spark, lake, table):
    """An input as its statement sees it: its declared columns and `_partition`, by the name of each file."""
    whole = spark.createDataFrame([], table["empty"])
    for scan in table["scans"]:
        rows = spark.read.parquet(*[lake.uri(key) for key, _ in scan["files"]])
        named = [StructField("_file", StringType()), StructField("_partition", StringType())]
        files = spark.createDataFrame([(lake.address(key), partition) for key, partition in scan["files"]], StructType(named))
        selected = rows.selectExpr(*scan["select"], "_metadata.file_path AS _file")
        whole = whole.unionByName(selected.join(F.broadcast(files), "_file", "left").drop("_file"))
    return whole


def measure(written, plan, data):
    """Files, rows, bytes, and of each column its nulls and bounds: two passes over what was just written."""
    sizes = written.groupBy("_metadata.file_path", "_metadata.file_size").count().collect()
    files = sorted(
        ({"key": f"{data}/{row[0].rsplit('/', 1)[1]}", "rows": row["count"], "bytes": row[1]} for row in sizes),
        key=lambda f: f["key"],
    )
    asked = []
    for i, column in enumerate(plan["columns"]):
        at = F.col(quoted(column["name"]))
        asked.append(F.count(F.when(at.isNull(), 1)).alias(f"n{i}"))
        if column["bounds"]:
            asked += [F.min(at).alias(f"a{i}"), F.max(at).alias(f"z{i}")]
    found = written.agg(*asked).collect()[0] if asked else None
    columns = {}
    for i, column in enumerate(plan["columns"]):
        known = {"nulls": found[f"n{i}"]}
        if column["bounds"]:
            bounds = [text_of(found[f"a{i}"]), text_of(found[f"z{i}"])]
            for name, bound in zip(("min", "max"), bounds):
                if bound is not None and len(bound) <= BOUND_LENGTH:
                    known[name] = bound
        columns[column["name"]] = known
    return {"files": files, "rows": sum(f["rows"] for f in files), "bytes": sum(f["bytes"] for f in files), "columns": columns}


def text_of(value):
    """A bound as text, as a row's value of its type is; nothing for what is no bound."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        text = value.strftime("%Y-%m-%dT%H:%M:%S") + (f".{value.microsecond:06}".rstrip("0") if value.microsecond else "")
        return f"{text}Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


class CheckFailed(Exception):
    pass


def check(spark, written, plan, manifest):
    if not plan["checks"]:
        return
    written.createOrReplaceTempView("made")
    written.withColumn("_partition", F.lit(manifest["partition"])).createOrReplaceTempView(manifest["dataset"])
    failed = [said for said in (violated(spark, c, manifest["rows"]) for c in plan["checks"]) if said]
    if failed:
        raise CheckFailed(f"{manifest['dataset']}@{manifest['partition']}: {'; '.join(failed)}")


def violated(spark, check, rows):
    if check["check"] == "rows":
        least, most = check.get("atLeast"), check.get("atMost")
        if (least is None or rows >= least) and (most is None or rows <= most):
            return None
        expected = [f"at least {least}" if least is not None else None, f"at most {most}" if most is not None else None]
        return f"rows: expected {' and '.join(e for e in expected if e)}, found {rows}"
    violations = spark.sql(check["violations"])
    count = violations.selectExpr(check.get("counted", "count(1)")).collect()[0][0]
    if count == 0:
        return None
    shown = violations.select([quoted(c) for c in check["shown"]]) if check["shown"] else violations
    examples = ", ".join(row[0] for row in shown.limit(EXAMPLES).select(F.to_json(F.struct("*"))).collect())
    return f"{check['check']}: {count} of {rows} {check['said']}: {examples}"


# What is the statement's or the data's own fault, by the classes of Spark's errors; trying again would repeat it.
USERS = ("AnalysisException", "ParseException", "ArithmeticException", "DateTimeException", "NumberFormatException", "SparkRuntimeException")


def failure_of(error):
    if isinstance(error, CheckFailed):
        return {"failure": "user", "code": "CHECK_FAILED", "message": str(error)}
    said = str(error)
    kind = type(error).__name__
    # A failure inside of an executor comes wrapped in words about its stage.
    if kind in USERS or any(f"org.apache.spark.Spark{name}: [" in said for name in USERS):
        start = said.find("[")
        return {"failure": "user", "code": "BAD_SQL", "message": said[max(start, 0) :].split("\n", 1)[0]}
    return None


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


if __name__ == "__main__":
    main(*sys.argv[1:])
