#!/usr/bin/env python3
"""Has Apache Spark read the cases of NAME.cases and keeps its answers in NAME.json (see README.md)."""

import base64
import codecs
import itertools
import json
import os
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def parse_cases(name):
    """The cases of a file, `vary` lines multiplied out."""
    cases, case, file = [], None, None
    for line in (HERE / f"{name}.cases").read_text(encoding="utf-8").splitlines():
        if line.startswith("=== "):
            case = {"name": line[4:].strip(), "format": name, "options": {}, "vary": [], "files": []}
            cases.append(case)
            file = None
        elif case is None:
            continue
        elif line.startswith("--- "):
            parts = line[4:].split()
            file = {"name": parts[0], "how": parts[1] if len(parts) > 1 else "", "lines": []}
            case["files"].append(file)
        elif file is not None:
            file["lines"].append(line)
        elif ":" in line:
            key, value = line.split(":", 1)
            value = value[1:] if value.startswith(" ") else value
            value = codecs.decode(value, "unicode_escape") if "\\x" in value else value
            if key.startswith("option "):
                case["options"][key[7:]] = value
            elif key.startswith("vary "):
                case["vary"].append((key[5:], [v.strip() for v in value.split(" | ")]))
            else:
                case[key] = value
    return [one for case in cases for one in expand(case)]


def expression_names():
    """What the expressions of `python` files may use: files of the binary formats are made by them."""
    import bz2, datetime, decimal, gzip, io, uuid, zlib

    import pyarrow as pa
    import pyarrow.orc
    import pyarrow.parquet

    def table(schema, rows):
        columns = list(zip(*rows)) if rows else [[] for _ in schema]
        return pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, schema)], schema=schema)

    def parquet(schema, rows, **options):
        out = io.BytesIO()
        pa.parquet.write_table(table(schema, rows), out, **options)
        return out.getvalue()

    def orc(schema, rows, **options):
        out = io.BytesIO()
        pa.orc.write_table(table(schema, rows), out, **options)
        return out.getvalue()

    def avro(fields, rows, codec="null", **options):
        import fastavro

        schema = {"type": "record", "name": "r", "fields": [{"name": n, "type": t} for n, t in fields]}
        out = io.BytesIO()
        records = [dict(zip([n for n, _ in fields], row)) for row in rows]
        fastavro.writer(out, schema, records, codec=codec, sync_marker=b"0123456789abcdef", **options)
        return out.getvalue()

    def utc(*parts):
        return datetime.datetime(*parts, tzinfo=datetime.timezone.utc)

    return dict(locals(), D=decimal.Decimal)


def content(file):
    while file["lines"] and file["lines"][-1] == "" and file["how"] != "":
        file["lines"].pop()
    if file["how"] == "escaped":
        return codecs.decode("".join(file["lines"]), "unicode_escape").encode("latin-1")
    if file["how"] == "python":
        return eval("\n".join(file["lines"]), expression_names())
    # The blank line before the next case belongs to the layout.
    lines = file["lines"][:-1] if file["lines"] and file["lines"][-1] == "" else file["lines"]
    return "".join(line + "\n" for line in lines).encode()


def expand(case):
    files = {f["name"]: base64.b64encode(content(f)).decode() for f in case["files"]}
    base = {k: v for k, v in case.items() if k not in ("vary", "files")}
    for values in itertools.product(*[v for _, v in case["vary"]]):
        one = dict(base, options=dict(base["options"]), files=files)
        for (key, _), value in zip(case["vary"], values):
            one["name"] += f", {key}={value}"
            if value != "-":
                one["options"][key] = value
        yield one


def answer(spark, case, directory):
    for name, data in case["files"].items():
        (directory / name).write_bytes(base64.b64decode(data))
    options = dict(case["options"])
    if "schema" not in case and case["format"] in ("csv", "xml"):
        options.setdefault("inferSchema", "true")
    reader = spark.read.format(case["format"]).options(**options)
    if "schema" in case:
        reader = reader.schema(case["schema"])
    try:
        frame = reader.load(str(directory))
        if "select" in case:
            frame = frame.select(*[name.strip() for name in case["select"].split(",")])
        rows = frame.select([frame[f"`{f.name}`"].cast("string") for f in frame.schema]).collect()
        return {"schema": frame.schema.simpleString(), "rows": [list(r) for r in rows]}
    except Exception as error:  # Any failure of Spark is its answer.
        return {"error": sorted(set(re.findall(r"\[([A-Z][A-Z0-9_.]{5,})\]", str(error)))) or
                         [type(error).__name__]}


def main():
    from pyspark.sql import SparkSession
    spark = (SparkSession.builder.master("local[1]")
             .config("spark.ui.enabled", "false")
             .config("spark.sql.session.timeZone", "UTC")
             .config("spark.driver.host", "127.0.0.1")
             .config("spark.sql.ansi.enabled", "true")
             .config("spark.sql.files.openCostInBytes", "0")
             .config("spark.jars", os.environ.get("SPARK_AVRO_JAR", ""))
             .getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    for name in sys.argv[1:]:
        cases = parse_cases(name)
        names = [case["name"] for case in cases]
        assert len(set(names)) == len(names), "two cases of one name"
        for case in cases:
            with tempfile.TemporaryDirectory() as directory:
                case["spark"] = answer(spark, case, pathlib.Path(directory))
        out = {"spark_version": spark.version, "cases": cases}
        (HERE / f"{name}.json").write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n")
        print(f"{name}: {len(cases)} cases")
    spark.stop()


if __name__ == "__main__":
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    main()
