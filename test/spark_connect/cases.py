"""Small programs in PySpark whose answers Apache Spark recorded in cases_answers.json.

A case takes a session and a fresh directory and gives something to compare: a DataFrame (its schema and its
rows, in any order), or lists, dictionaries and plain values. An exception is an answer too.
"""

import datetime
import decimal
import json
import os

from pyspark.sql import Row, functions as F
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    ByteType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    ShortType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)
from pyspark.sql.window import Window

CASES = {}
CLASSIC = set()  # Recorded without Spark Connect, for which Delta's server plugin cannot be had.


def case(function):
    assert function.__name__ not in CASES, function.__name__
    CASES[function.__name__] = function
    return function


def classic(function):
    CLASSIC.add(function.__name__)
    return case(function)


# ---- Short words for the cases


def put(d, name, content):
    """Writes a file below the directory; gives the path of it."""
    path = os.path.join(d, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(content if isinstance(content, bytes) else content.encode())
    return path


def files(d):
    """Names of the data files below a directory, without what is random in them."""
    found = []
    for folder, _, names in os.walk(d):
        for name in names:
            if name[0] in "._":
                continue
            suffix = name[name.index("."):] if "." in name else ""
            found.append(os.path.join(os.path.relpath(folder, d), "part" + suffix))
    return sorted(set(found))


def texts(d):
    """All lines of the data files below a directory, sorted."""
    lines = []
    for folder, _, names in os.walk(d):
        for name in names:
            if name[0] not in "._":
                with open(os.path.join(folder, name), encoding="utf-8", newline="") as text:
                    lines += text.read().splitlines(keepends=True)
    return sorted(lines)


def shown(frame, n=20, truncate=True, vertical=False):
    """What show() prints."""
    return frame._show_string(n, truncate, vertical) + "\n"


def printed(frame, level=None):
    """What printSchema() prints."""
    return (frame.schema.treeString(level) if level else frame.schema.treeString()) + "\n"


def failure(action):
    """What an action fails with, its parameters included."""
    try:
        action()
    except Exception as error:
        parameters = error.getMessageParameters() if hasattr(error, "getMessageParameters") else {}
        return [type(error).__name__, error.getCondition(), error.getSqlState(), parameters]
    return "no failure"


def drop(spark, *names):
    for name in names:
        spark.sql(f"DROP TABLE IF EXISTS {name}")


def people(spark):
    return spark.createDataFrame(
        [(1, "Ann", 30, "x"), (2, "Bob", None, "y"), (3, "Cy", 41, "x"), (4, None, 30, "z")],
        "id int, name string, age int, team string",
    )


def teams(spark):
    return spark.createDataFrame([("x", "Red"), ("y", "Blue"), ("w", "Gray")], "team string, title string")


# ---- Reading CSV


@case
def csv_without_header_is_text(spark, d):
    put(d, "a.csv", "1,a\n2,b\n")
    return spark.read.csv(d)


@case
def csv_header_and_inferred_types(spark, d):
    put(d, "a.csv", "i,l,f,b,d,t,s\n1,3000000000,1.5,true,2024-01-31,2024-01-31 10:11:12,x\n2,,,,,,\n")
    return spark.read.option("header", True).option("inferSchema", True).csv(d)


@case
def csv_schema_and_order(spark, d):
    put(d, "a.csv", "id,name\n1,Ann\n2,\n")
    return spark.read.schema("id INT, name STRING").option("header", "true").csv(d)


@case
def csv_schema_ignores_header_names(spark, d):
    put(d, "a.csv", "name,id\n1,Ann\n")
    return spark.read.schema("id INT, name STRING").option("header", "true").csv(d)


@case
def csv_enforce_schema_false(spark, d):
    put(d, "a.csv", "name,id\n1,Ann\n")
    frame = spark.read.schema("id INT, name STRING").option("header", "true").option("enforceSchema", "false").csv(d)
    return frame.collect()


@case
def csv_separator_quote_escape(spark, d):
    put(d, "a.csv", "a|'x|y'|'it\\'s'\n")
    return spark.read.options(sep="|", quote="'", escape="\\").csv(d)


@case
def csv_doubled_quotes(spark, d):
    put(d, "a.csv", '1,"say ""hi"""\n')
    return spark.read.option("escape", '"').csv(d)


@case
def csv_multi_line(spark, d):
    put(d, "a.csv", 'id,t\n1,"two\nlines"\n2,x\n')
    return spark.read.csv(d, header=True, multiLine=True)


@case
def csv_null_and_empty_values(spark, d):
    put(d, "a.csv", 'a,b,c\nNA,"",x\n,NA,""\n')
    return spark.read.csv(d, header=True, nullValue="NA", emptyValue="E")


@case
def csv_malformed_permissive_with_corrupt_column(spark, d):
    put(d, "a.csv", "1,2\nx,3\n4\n5,6,7\n")
    return spark.read.schema("a INT, b INT, _corrupt_record STRING").csv(d)


@case
def csv_malformed_dropped(spark, d):
    put(d, "a.csv", "1,2\nx,3\n4\n5,6,7\n")
    return spark.read.schema("a INT, b INT").option("mode", "DROPMALFORMED").csv(d)


@case
def csv_malformed_fails(spark, d):
    put(d, "a.csv", "1,2\nx,3\n")
    return spark.read.schema("a INT, b INT").option("mode", "FAILFAST").csv(d).collect()


@case
def csv_comment_and_white_space(spark, d):
    put(d, "a.csv", "# note\n a , b \n")
    return spark.read.csv(d, comment="#", ignoreLeadingWhiteSpace=True, ignoreTrailingWhiteSpace=True)


@case
def csv_white_space_is_kept(spark, d):
    put(d, "a.csv", " a , b \n")
    return spark.read.csv(d)


@case
def csv_date_and_timestamp_formats(spark, d):
    put(d, "a.csv", "31/01/2024,31.01.2024 10:11\n")
    return spark.read.schema("d DATE, t TIMESTAMP").options(dateFormat="dd/MM/yyyy", timestampFormat="dd.MM.yyyy HH:mm").csv(d)


@case
def csv_bad_dates_are_null(spark, d):
    put(d, "a.csv", "2024-13-01\n2024-02-30\n2024-02-29\n")
    return spark.read.schema("d DATE").csv(d)


@case
def csv_decimals_and_overflow(spark, d):
    put(d, "a.csv", "1.25,300\n123456.789,1\n")
    return spark.read.schema("d DECIMAL(6,2), t TINYINT").csv(d)


@case
def csv_ragged_rows_with_header(spark, d):
    put(d, "a.csv", "a,b,c\n1\n1,2\n1,2,3,4\n")
    return spark.read.csv(d, header=True)


@case
def csv_duplicate_header_names(spark, d):
    put(d, "a.csv", "a,a,b\n1,2,3\n")
    return spark.read.csv(d, header=True)


@case
def csv_empty_file_with_schema(spark, d):
    put(d, "a.csv", "")
    return spark.read.schema("a INT").csv(d)


@case
def csv_several_files_and_paths(spark, d):
    put(d, "x/a.csv", "a\n1\n")
    put(d, "y/b.csv", "a\n2\n")
    return spark.read.csv([d + "/x", d + "/y"], header=True, inferSchema=True)


@case
def csv_encoding(spark, d):
    put(d, "a.csv", "é,ü\n".encode("latin-1"))
    return spark.read.csv(d, encoding="ISO-8859-1")


@case
def csv_line_separator(spark, d):
    put(d, "a.csv", "1,a;2,b;")
    return spark.read.csv(d, lineSep=";")


@case
def csv_compressed(spark, d):
    import gzip

    put(d, "a.csv.gz", gzip.compress(b"a,b\n1,2\n"))
    return spark.read.csv(d, header=True)


@case
def csv_byte_order_mark(spark, d):
    put(d, "a.csv", b"\xef\xbb\xbfid,n\n1,a\n")
    return spark.read.csv(d, header=True)


@case
def csv_nan_and_infinity(spark, d):
    put(d, "a.csv", "NaN\nInf\n-Inf\n1.5\n")
    return spark.read.schema("x DOUBLE").csv(d, nanValue="NaN", positiveInf="Inf", negativeInf="-Inf")


@case
def csv_prefer_date_false(spark, d):
    put(d, "a.csv", "2024-01-31\n")
    return spark.read.option("preferDate", "false").csv(d, inferSchema=True)


@case
def csv_mixed_numbers_infer_wider(spark, d):
    put(d, "a.csv", "1,1,1\n2.5,x,3000000000\n")
    return spark.read.csv(d, inferSchema=True)


# ---- Reading JSON


@case
def json_lines(spark, d):
    put(d, "a.json", '{"a":1,"b":"x","c":1.5,"d":true}\n{"a":2,"e":null}\n')
    return spark.read.json(d)


@case
def json_nested(spark, d):
    put(d, "a.json", '{"o":{"x":1,"y":["a","b"]},"l":[{"k":1},{"k":2,"m":"z"}]}\n')
    return spark.read.json(d)


@case
def json_multi_line_array(spark, d):
    put(d, "a.json", '[\n {"a": 1},\n {"a": 2}\n]')
    return spark.read.json(d, multiLine=True)


@case
def json_schema(spark, d):
    put(d, "a.json", '{"a":"7","b":{"c":1}}\n{"a":5,"b":null}\n')
    return spark.read.schema("a INT, b STRUCT<c: BIGINT>, z STRING").json(d)


@case
def json_corrupt_record(spark, d):
    put(d, "a.json", '{"a":1}\n{oops\n')
    return spark.read.json(d).select("a", "_corrupt_record")


@case
def json_corrupt_with_schema(spark, d):
    put(d, "a.json", '{"a":1}\n{"a":"x"}\n{oops\n')
    return spark.read.schema("a INT, _corrupt_record STRING").json(d)


@case
def json_drop_malformed(spark, d):
    put(d, "a.json", '{"a":1}\n{oops\n{"a":2}\n')
    return spark.read.schema("a INT").json(d, mode="DROPMALFORMED")


@case
def json_fail_fast(spark, d):
    put(d, "a.json", '{"a":1}\n{oops\n')
    return spark.read.schema("a INT").json(d, mode="FAILFAST").collect()


@case
def json_primitives_as_string(spark, d):
    put(d, "a.json", '{"a":1,"b":true,"c":1.50}\n')
    return spark.read.json(d, primitivesAsString=True)


@case
def json_prefers_decimal(spark, d):
    put(d, "a.json", '{"a":1.25}\n')
    return spark.read.json(d, prefersDecimal=True)


@case
def json_comments_and_single_quotes(spark, d):
    put(d, "a.json", "/* note */ {'a': 1}\n")
    return spark.read.json(d, allowComments=True)


@case
def json_dates_and_timestamps(spark, d):
    put(d, "a.json", '{"d":"2024-01-31","t":"2024-01-31T10:11:12.5Z"}\n')
    return spark.read.schema("d DATE, t TIMESTAMP").json(d)


@case
def json_infer_timestamps(spark, d):
    put(d, "a.json", '{"t":"2024-01-31T10:11:12"}\n')
    return spark.read.option("inferTimestamp", "true").json(d)


@case
def json_drop_field_if_all_null(spark, d):
    put(d, "a.json", '{"a":1,"b":null,"c":[]}\n')
    return spark.read.json(d, dropFieldIfAllNull=True)


@case
def json_mixed_types_become_text(spark, d):
    put(d, "a.json", '{"a":1}\n{"a":"x"}\n{"a":{"b":1}}\n')
    return spark.read.json(d)


@case
def json_numbers_widen(spark, d):
    put(d, "a.json", '{"a":1,"b":1}\n{"a":1.5,"b":92233720368547758070}\n')
    return spark.read.json(d)


@case
def json_as_map(spark, d):
    put(d, "a.json", '{"m":{"x":1,"y":2}}\n')
    return spark.read.schema("m MAP<STRING, INT>").json(d)


@case
def json_keys_differ_in_case(spark, d):
    put(d, "a.json", '{"Id":1}\n')
    return spark.read.schema("id INT").json(d)


@case
def json_single_variant_column(spark, d):
    put(d, "a.json", '{"a":1,"b":[true]}\n')
    frame = spark.read.option("singleVariantColumn", "v").json(d)
    return frame.select(F.to_json("v").alias("j"), F.expr("v:a::int AS a"))


# ---- Reading text, XML, binary files


@case
def text_lines(spark, d):
    put(d, "a.txt", "one\n\nthree")
    return spark.read.text(d)


@case
def text_whole(spark, d):
    put(d, "a.txt", "one\ntwo\n")
    return spark.read.text(d, wholetext=True)


@case
def text_line_separator(spark, d):
    put(d, "a.txt", "a,b,c")
    return spark.read.text(d, lineSep=",")


@case
def xml_rows(spark, d):
    put(d, "a.xml", "<p><r id='1'><n>Ann</n><t>x</t><t>y</t></r><r id='2'><n>Bob</n></r></p>")
    return spark.read.xml(d, rowTag="r")


@case
def xml_schema(spark, d):
    put(d, "a.xml", "<p><r><a>1</a><b>x</b></r><r><a>z</a></r></p>")
    return spark.read.schema("a INT, b STRING").xml(d, rowTag="r")


@case
def binary_files(spark, d):
    put(d, "a.bin", b"\x00\x01")
    put(d, "b.png", b"\x02")
    frame = spark.read.format("binaryFile").option("pathGlobFilter", "*.bin").load(d)
    return frame.select("length", "content", F.element_at(F.split("path", "/"), -1).alias("name"))


# ---- Directories of files


@case
def partition_columns_are_found(spark, d):
    put(d, "day=2024-01-01/n=1/a.csv", "x\n")
    put(d, "day=2024-01-02/n=2/b.csv", "y\n")
    return spark.read.csv(d)


@case
def partition_columns_as_text(spark, d):
    put(d, "k=01/a.csv", "x\n")
    spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
    try:
        return spark.read.csv(d).collect()
    finally:
        spark.conf.unset("spark.sql.sources.partitionColumnTypeInference.enabled")


@case
def partition_default_value_is_null(spark, d):
    put(d, "k=1/a.csv", "x\n")
    put(d, "k=__HIVE_DEFAULT_PARTITION__/b.csv", "y\n")
    return spark.read.csv(d)


@case
def partition_schema_given(spark, d):
    put(d, "k=1/a.csv", "x\n")
    return spark.read.schema("v STRING, k STRING").csv(d)


@case
def partition_filter(spark, d):
    spark.range(10).selectExpr("id", "id % 3 AS k").write.partitionBy("k").parquet(d + "/t")
    return spark.read.parquet(d + "/t").where("k = 1 AND id > 3")


@case
def partition_one_directory(spark, d):
    spark.range(4).selectExpr("id", "id % 2 AS k").write.partitionBy("k").parquet(d + "/t")
    return [spark.read.parquet(d + "/t/k=1"), spark.read.option("basePath", d + "/t").parquet(d + "/t/k=1")]


@case
def recursive_file_lookup(spark, d):
    put(d, "x/a.csv", "1\n")
    put(d, "x/y/b.csv", "2\n")
    return spark.read.option("recursiveFileLookup", "true").csv(d)


@case
def path_glob_filter(spark, d):
    put(d, "a.csv", "1\n")
    put(d, "b.txt", "2\n")
    return spark.read.option("pathGlobFilter", "*.csv").csv(d)


@case
def glob_in_path(spark, d):
    put(d, "x1/a.csv", "1\n")
    put(d, "x2/a.csv", "2\n")
    put(d, "y1/a.csv", "3\n")
    return spark.read.csv(d + "/x[12]/*.csv")


@case
def hidden_files_are_left_out(spark, d):
    put(d, "a.csv", "1\n")
    put(d, "_b.csv", "2\n")
    put(d, ".c.csv", "3\n")
    return spark.read.csv(d)


@case
def missing_path(spark, d):
    return failure(lambda: spark.read.csv(d + "/none").collect())[:3]


@case
def empty_directory_cannot_be_inferred(spark, d):
    return failure(lambda: spark.read.json(d).collect())[:3]


@case
def unknown_format(spark, d):
    return failure(lambda: spark.read.format("nothing").load(d).collect())[:3]


@case
def file_metadata_column(spark, d):
    put(d, "a.csv", "1\n")
    frame = spark.read.csv(d)
    return frame.select("_c0", "_metadata.file_name", "_metadata.file_size", "_metadata.file_block_start")


@case
def file_name_functions(spark, d):
    put(d, "a.csv", "1\n")
    frame = spark.read.csv(d)
    return frame.select(F.element_at(F.split(F.input_file_name(), "/"), -1).alias("f"))


@case
def input_files(spark, d):
    put(d, "a.csv", "1\n")
    put(d, "b.csv", "1\n")
    return sorted(os.path.basename(name) for name in spark.read.csv(d).inputFiles())


@case
def parquet_merge_schema(spark, d):
    spark.range(1).write.parquet(d + "/t/k=1")
    spark.range(1).selectExpr("id", "'x' AS n").write.parquet(d + "/t/k=2")
    return spark.read.option("mergeSchema", "true").parquet(d + "/t")


@case
def parquet_round_trip_of_types(spark, d):
    frame = spark.sql(
        """SELECT 1Y b, 2S s, 3 i, 4L l, 1.5F f, 2.5D d, 1.25BD m, 'x' t, X'01' y, DATE'2024-01-31' dt,
           TIMESTAMP'2024-01-31 10:11:12.123456' ts, TIMESTAMP_NTZ'2024-01-31 10:11:12' tn, true o,
           array(1, NULL) a, map('k', 1.5) p, named_struct('x', 1, 'y', array('q')) st"""
    )
    frame.write.parquet(d + "/t")
    return spark.read.parquet(d + "/t")


@case
def orc_round_trip(spark, d):
    people(spark).write.orc(d + "/t")
    return spark.read.orc(d + "/t")


@case
def read_as_schema_with_fewer_columns(spark, d):
    people(spark).write.parquet(d + "/t")
    return spark.read.schema("name STRING, extra INT").parquet(d + "/t")


@case
def read_struct_type_schema(spark, d):
    put(d, "a.csv", "1,x\n")
    schema = StructType([StructField("i", LongType(), False), StructField("s", StringType(), True)])
    return json.loads(spark.read.schema(schema).csv(d).schema.json())


@case
def direct_query_of_files(spark, d):
    put(d, "a.json", '{"a":1}\n')
    return spark.sql(f"SELECT a + 1 AS b FROM json.`{d}`")


@case
def ignore_corrupt_files(spark, d):
    put(d, "a.parquet", b"no parquet")
    spark.range(2).write.mode("append").parquet(d + "/t")
    put(d, "t/b.parquet", b"no parquet")
    return spark.read.schema("id BIGINT").option("ignoreCorruptFiles", "true").parquet(d + "/t")


# ---- Writing files


@case
def write_csv_and_modes(spark, d):
    p = d + "/t"
    people(spark).write.csv(p, header=True)
    again = failure(lambda: people(spark).write.csv(p))[:3]
    people(spark).where("id = 1").write.mode("append").csv(p, header=True)
    appended = spark.read.csv(p, header=True).count()
    people(spark).write.mode("ignore").csv(p)
    ignored = spark.read.csv(p, header=True).count()
    people(spark).where("id = 2").write.mode("overwrite").csv(p, header=True)
    return [again, appended, ignored, spark.read.csv(p, header=True)]


@case
def write_csv_text(spark, d):
    frame = spark.createDataFrame(
        [(1, 'a"b', None, 1.0), (2, "x,y", "", 2.5), (3, " p ", "l\nm", None)], "i int, s string, t string, d double"
    )
    frame.coalesce(1).write.csv(d + "/t")
    return texts(d + "/t")


@case
def write_csv_options(spark, d):
    frame = spark.sql("SELECT 1 i, NULL n, '' e, DATE'2024-01-31' d, TIMESTAMP'2024-01-31 10:11:12' t")
    frame.coalesce(1).write.csv(
        d + "/t", sep=";", quoteAll=True, nullValue="NULL", emptyValue="EMPTY", dateFormat="dd.MM.yyyy",
        timestampFormat="yyyy/MM/dd HH:mm", header=True,
    )
    return texts(d + "/t")


@case
def write_json_text(spark, d):
    frame = spark.sql("SELECT 1 i, NULL n, array(1, NULL) a, map('k', 'v') m, named_struct('x', 1.5, 'y', NULL) s, DATE'2024-01-31' d, TIMESTAMP'2024-01-31 10:11:12' t")
    frame.coalesce(1).write.json(d + "/t")
    return texts(d + "/t")


@case
def write_json_keep_nulls(spark, d):
    spark.sql("SELECT 1 i, CAST(NULL AS STRING) n").coalesce(1).write.json(d + "/t", ignoreNullFields=False)
    return texts(d + "/t")


@case
def write_text(spark, d):
    spark.createDataFrame([("a",), ("b",)], "v string").coalesce(1).write.text(d + "/t")
    return texts(d + "/t")


@case
def write_text_needs_one_column(spark, d):
    return failure(lambda: people(spark).write.text(d + "/t"))[:3]


@case
def write_xml(spark, d):
    people(spark).where("id < 3").coalesce(1).write.option("rowTag", "p").xml(d + "/t")
    return spark.read.xml(d + "/t", rowTag="p")


@case
def write_partitioned_csv(spark, d):
    people(spark).write.partitionBy("team").csv(d + "/t", header=True)
    return [sorted(os.path.dirname(name) for name in files(d + "/t")), spark.read.csv(d + "/t", header=True)]


@case
def write_partitioned_json_with_null(spark, d):
    people(spark).write.partitionBy("name").json(d + "/t")
    return [sorted(os.path.dirname(name) for name in files(d + "/t")), spark.read.json(d + "/t")]


@case
def write_partitioned_parquet_special_characters(spark, d):
    frame = spark.createDataFrame([(1, "a/b"), (2, "x=y z"), (3, "100%"), (4, "é")], "id int, k string")
    frame.write.partitionBy("k").parquet(d + "/t")
    return [sorted(os.path.dirname(name) for name in files(d + "/t")), spark.read.parquet(d + "/t")]


@case
def write_partition_by_all_columns(spark, d):
    return failure(lambda: teams(spark).write.partitionBy("team", "title").parquet(d + "/t"))[:3]


@case
def write_partition_by_missing_column(spark, d):
    return failure(lambda: teams(spark).write.partitionBy("nope").parquet(d + "/t"))[0]


@case
def write_overwrite_dynamic_partitions_of_files(spark, d):
    p = d + "/t"
    spark.range(4).selectExpr("id", "id % 2 AS k").write.partitionBy("k").parquet(p)
    fresh = spark.range(100, 101).selectExpr("id", "CAST(1 AS BIGINT) AS k")
    fresh.write.mode("overwrite").option("partitionOverwriteMode", "dynamic").partitionBy("k").parquet(p)
    return spark.read.parquet(p)


@case
def write_overwrite_static_partitions_of_files(spark, d):
    p = d + "/t"
    spark.range(4).selectExpr("id", "id % 2 AS k").write.partitionBy("k").parquet(p)
    spark.range(100, 101).selectExpr("id", "CAST(1 AS BIGINT) AS k").write.mode("overwrite").partitionBy("k").parquet(p)
    return spark.read.parquet(p)


@case
def write_compressions(spark, d):
    found = []
    for name, kind, codec in [("a", "csv", "gzip"), ("b", "json", "gzip"), ("c", "parquet", "snappy"), ("e", "text", "gzip"), ("f", "parquet", "zstd")]:
        frame = spark.createDataFrame([("x",)], "v string").coalesce(1)
        frame.write.format(kind).option("compression", codec).save(d + "/" + name)
        found.append([kind, codec, [x.split(".", 1)[1] for x in files(d + "/" + name)], spark.read.format(kind).load(d + "/" + name).collect()])
    return found


@case
def write_bad_compression(spark, d):
    return failure(lambda: people(spark).write.option("compression", "nope").parquet(d + "/t"))[0]


@case
def write_success_file(spark, d):
    people(spark).write.parquet(d + "/t")
    return os.path.exists(d + "/t/_SUCCESS")


@case
def write_empty_frame(spark, d):
    people(spark).where("false").write.parquet(d + "/t")
    return spark.read.parquet(d + "/t")


@case
def write_duplicate_columns(spark, d):
    frame = spark.sql("SELECT 1 AS a, 2 AS a")
    return failure(lambda: frame.write.parquet(d + "/t"))[:3]


@case
def write_unknown_format(spark, d):
    return failure(lambda: people(spark).write.format("nothing").save(d + "/t"))[:3]


@case
def write_over_its_own_input(spark, d):
    p = d + "/t"
    spark.range(3).write.format("delta").save(p)
    frame = spark.read.format("delta").load(p)
    frame.where("id > 0").write.format("delta").mode("overwrite").save(p)
    return spark.read.format("delta").load(p)


# ---- Delta by path and by name


@case
def delta_modes(spark, d):
    p = d + "/t"
    frame = people(spark)
    frame.write.format("delta").save(p)
    again = failure(lambda: frame.write.format("delta").save(p))[:3]
    frame.where("id = 1").write.format("delta").mode("append").save(p)
    frame.write.format("delta").mode("ignore").save(p)
    count = spark.read.format("delta").load(p).count()
    frame.where("id = 2").write.format("delta").mode("overwrite").save(p)
    return [again, count, spark.read.format("delta").load(p)]


@case
def delta_append_other_schema_fails(spark, d):
    p = d + "/t"
    spark.range(1).write.format("delta").save(p)
    frame = spark.sql("SELECT 1L AS id, 'x' AS n")
    return failure(lambda: frame.write.format("delta").mode("append").save(p))[0]


@case
def delta_merge_schema(spark, d):
    p = d + "/t"
    spark.range(1).write.format("delta").save(p)
    frame = spark.sql("SELECT 7L AS id, 'x' AS n")
    frame.write.format("delta").mode("append").option("mergeSchema", "true").save(p)
    return spark.read.format("delta").load(p)


@case
def delta_append_fewer_columns(spark, d):
    p = d + "/t"
    people(spark).write.format("delta").save(p)
    spark.sql("SELECT 9 AS id").write.format("delta").mode("append").save(p)
    return spark.read.format("delta").load(p).where("id = 9")


@case
def delta_append_casts(spark, d):
    p = d + "/t"
    spark.range(1).write.format("delta").save(p)
    spark.sql("SELECT 5 AS id").write.format("delta").mode("append").save(p)
    return spark.read.format("delta").load(p)


@case
def delta_append_casts_out_of_range(spark, d):
    p = d + "/t"
    spark.sql("SELECT 1 AS id").write.format("delta").save(p)
    return failure(lambda: spark.sql("SELECT 5000000000L AS id").write.format("delta").mode("append").save(p))[0]


@case
def delta_overwrite_other_schema_fails(spark, d):
    p = d + "/t"
    spark.range(1).write.format("delta").save(p)
    frame = spark.sql("SELECT 'x' AS n")
    return failure(lambda: frame.write.format("delta").mode("overwrite").save(p))[0]


@case
def delta_overwrite_schema(spark, d):
    p = d + "/t"
    spark.range(1).write.format("delta").save(p)
    spark.sql("SELECT 'x' AS n").write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(p)
    return [spark.read.format("delta").load(p), spark.read.format("delta").option("versionAsOf", 0).load(p)]


@case
def delta_overwrite_merge_schema(spark, d):
    p = d + "/t"
    spark.range(1).write.format("delta").save(p)
    spark.sql("SELECT 3L AS id, 'x' AS n").write.format("delta").mode("overwrite").option("mergeSchema", "true").save(p)
    return spark.read.format("delta").load(p)


@case
def delta_replace_where(spark, d):
    p = d + "/t"
    spark.range(6).selectExpr("id", "id % 2 AS k").write.format("delta").partitionBy("k").save(p)
    fresh = spark.range(100, 102).selectExpr("id", "CAST(1 AS BIGINT) AS k")
    fresh.write.format("delta").mode("overwrite").option("replaceWhere", "k = 1").save(p)
    return spark.read.format("delta").load(p)


@case
def delta_replace_where_other_rows_fail(spark, d):
    p = d + "/t"
    spark.range(4).write.format("delta").save(p)
    frame = spark.range(100, 102)
    return failure(lambda: frame.write.format("delta").mode("overwrite").option("replaceWhere", "id < 2").save(p))[0]


@case
def delta_dynamic_partition_overwrite(spark, d):
    p = d + "/t"
    spark.range(6).selectExpr("id", "id % 3 AS k").write.format("delta").partitionBy("k").save(p)
    fresh = spark.range(100, 101).selectExpr("id", "CAST(2 AS BIGINT) AS k")
    fresh.write.format("delta").mode("overwrite").option("partitionOverwriteMode", "dynamic").save(p)
    return spark.read.format("delta").load(p)


@case
def delta_dynamic_partition_overwrite_by_setting(spark, d):
    p = d + "/t"
    spark.range(4).selectExpr("id", "id % 2 AS k").write.format("delta").partitionBy("k").save(p)
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    try:
        spark.range(100, 101).selectExpr("id", "CAST(0 AS BIGINT) AS k").write.format("delta").mode("overwrite").save(p)
    finally:
        spark.conf.unset("spark.sql.sources.partitionOverwriteMode")
    return spark.read.format("delta").load(p)


@case
def delta_idempotent_writes(spark, d):
    p = d + "/t"
    spark.range(1).write.format("delta").save(p)
    for version in [1, 1, 2, 1]:
        (spark.range(1).write.format("delta").mode("append").option("txnAppId", "app").option("txnVersion", version).save(p))
    return spark.read.format("delta").load(p).count()


@case
def delta_user_metadata(spark, d):
    p = d + "/t"
    spark.range(1).write.format("delta").option("userMetadata", "first").save(p)
    return spark.sql(f"DESCRIBE HISTORY delta.`{p}`").select("version", "operation", "userMetadata")


@case
def delta_time_travel(spark, d):
    p = d + "/t"
    for n in range(3):
        spark.range(n, n + 1).write.format("delta").mode("append").save(p)
    return [
        spark.read.format("delta").option("versionAsOf", n).load(p).count() for n in range(3)
    ] + [spark.sql(f"SELECT count(*) FROM delta.`{p}` VERSION AS OF 1").first()[0]]


@case
def delta_missing_version(spark, d):
    p = d + "/t"
    spark.range(1).write.format("delta").save(p)
    return failure(lambda: spark.read.format("delta").option("versionAsOf", 9).load(p).collect())[0]


@case
def delta_missing_table(spark, d):
    return failure(lambda: spark.read.format("delta").load(d + "/none").collect())[:3]


@case
def delta_change_feed(spark, d):
    p = d + "/t"
    spark.range(2).write.format("delta").option("delta.enableChangeDataFeed", "true").save(p)
    spark.range(5, 6).write.format("delta").mode("append").save(p)
    spark.sql(f"DELETE FROM delta.`{p}` WHERE id = 0")
    frame = spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", 0).load(p)
    return frame.select("id", "_change_type", "_commit_version")


@case
def delta_partition_columns_in_detail(spark, d):
    p = d + "/t"
    people(spark).write.format("delta").partitionBy("team", "age").save(p)
    return spark.sql(f"DESCRIBE DETAIL delta.`{p}`").select("format", "partitionColumns", "numFiles")


@case
def save_as_table_modes(spark, d):
    drop(spark, "sat")
    people(spark).write.saveAsTable("sat")
    again = failure(lambda: people(spark).write.saveAsTable("sat"))[:3]
    people(spark).where("id = 1").write.mode("append").saveAsTable("sat")
    people(spark).write.mode("ignore").saveAsTable("sat")
    count = spark.table("sat").count()
    people(spark).where("id = 2").write.mode("overwrite").saveAsTable("sat")
    result = [again, count, spark.table("sat").collect()]
    drop(spark, "sat")
    return result


@case
def save_as_table_append_by_name(spark, d):
    drop(spark, "by_name")
    spark.sql("SELECT 1 AS a, 2 AS b").write.saveAsTable("by_name")
    spark.sql("SELECT 3 AS b, 4 AS a").write.mode("append").saveAsTable("by_name")
    result = spark.table("by_name").collect()
    drop(spark, "by_name")
    return sorted(map(tuple, result))


@case
def insert_into_by_position(spark, d):
    drop(spark, "by_position")
    spark.sql("SELECT 1 AS a, 2 AS b").write.saveAsTable("by_position")
    spark.sql("SELECT 3 AS b, 4 AS a").write.insertInto("by_position")
    result = sorted(map(tuple, spark.table("by_position").collect()))
    spark.sql("SELECT 5 AS x, 6 AS y").write.insertInto("by_position", overwrite=True)
    result += sorted(map(tuple, spark.table("by_position").collect()))
    drop(spark, "by_position")
    return result


@case
def insert_into_wrong_number_of_columns(spark, d):
    drop(spark, "two_columns")
    spark.sql("SELECT 1 AS a, 2 AS b").write.saveAsTable("two_columns")
    result = failure(lambda: spark.sql("SELECT 1 AS a").write.insertInto("two_columns"))[0]
    drop(spark, "two_columns")
    return result


@case
def insert_into_missing_table(spark, d):
    return failure(lambda: spark.range(1).write.insertInto("no_such_table"))[:3]


@case
def save_as_table_at_path(spark, d):
    drop(spark, "at_path")
    spark.range(2).write.option("path", d + "/t").saveAsTable("at_path")
    drop(spark, "at_path")
    return spark.read.format("delta").load(d + "/t")


@case
def save_as_table_partitioned(spark, d):
    drop(spark, "partitioned")
    people(spark).write.partitionBy("team").saveAsTable("partitioned")
    result = [[c.name, c.isPartition] for c in spark.catalog.listColumns("partitioned")]
    drop(spark, "partitioned")
    return result


@case
def save_as_parquet_table(spark, d):
    drop(spark, "pq")
    people(spark).write.format("parquet").saveAsTable("pq")
    people(spark).where("id = 1").write.format("parquet").mode("append").saveAsTable("pq")
    spark.sql("INSERT INTO pq VALUES (9, 'Zed', 1, 'q')")
    result = spark.table("pq").orderBy("id").collect()
    drop(spark, "pq")
    return result


@case
def create_csv_table_over_files(spark, d):
    drop(spark, "csv_table")
    put(d, "x/a.csv", "id;n\n1;x\n2;\n")
    spark.sql(f"CREATE TABLE csv_table (id INT, n STRING) USING csv OPTIONS (header 'true', sep ';') LOCATION '{d}/x'")
    result = spark.table("csv_table").collect()
    drop(spark, "csv_table")
    return [result, os.path.exists(d + "/x/a.csv")]


@case
def create_json_table_inferred(spark, d):
    drop(spark, "json_table")
    put(d, "x/a.json", '{"a":1,"b":"x"}\n')
    spark.sql(f"CREATE TABLE json_table USING json LOCATION '{d}/x'")
    frame = spark.table("json_table")
    result = [frame.schema.simpleString(), frame.collect()]
    drop(spark, "json_table")
    return result


@case
def create_partitioned_parquet_table(spark, d):
    drop(spark, "pt")
    spark.sql("CREATE TABLE pt (id BIGINT, k STRING) USING parquet PARTITIONED BY (k)")
    spark.sql("INSERT INTO pt VALUES (1, 'a'), (2, 'b')")
    spark.sql("INSERT INTO pt PARTITION (k = 'c') VALUES (3)")
    result = [sorted(map(tuple, spark.table("pt").collect())), sorted(r[0] for r in spark.sql("SHOW PARTITIONS pt").collect())]
    drop(spark, "pt")
    return result


@case
def overwrite_parquet_table(spark, d):
    drop(spark, "ow")
    spark.range(3).write.format("parquet").saveAsTable("ow")
    spark.range(7, 8).write.format("parquet").mode("overwrite").saveAsTable("ow")
    result = spark.table("ow").collect()
    drop(spark, "ow")
    return result


# ---- writeTo


@case
def write_to_create_and_replace(spark, d):
    drop(spark, "v2")
    frame = people(spark)
    frame.writeTo("v2").using("delta").create()
    again = failure(lambda: frame.writeTo("v2").using("delta").create())[:3]
    frame.where("id = 1").writeTo("v2").append()
    count = spark.table("v2").count()
    frame.select("id").writeTo("v2").using("delta").createOrReplace()
    columns = spark.table("v2").columns
    frame.select("name").writeTo("v2").using("delta").replace()
    result = [again, count, columns, spark.table("v2").columns]
    drop(spark, "v2")
    return result


@case
def write_to_missing_table(spark, d):
    return [
        failure(lambda: spark.range(1).writeTo("no_v2").append())[:3],
        failure(lambda: spark.range(1).writeTo("no_v2").using("delta").replace())[:3],
    ]


@case
def write_to_overwrite_condition(spark, d):
    drop(spark, "v2o")
    spark.range(6).selectExpr("id", "id % 2 AS k").writeTo("v2o").using("delta").partitionedBy(F.col("k")).create()
    spark.range(100, 101).selectExpr("id", "CAST(1 AS BIGINT) k").writeTo("v2o").overwrite(F.col("k") == 1)
    result = sorted(map(tuple, spark.table("v2o").collect()))
    drop(spark, "v2o")
    return result


@case
def write_to_overwrite_partitions(spark, d):
    drop(spark, "v2p")
    spark.range(6).selectExpr("id", "id % 3 AS k").writeTo("v2p").using("delta").partitionedBy(F.col("k")).create()
    spark.range(100, 101).selectExpr("id", "CAST(2 AS BIGINT) k").writeTo("v2p").overwritePartitions()
    result = sorted(map(tuple, spark.table("v2p").collect()))
    drop(spark, "v2p")
    return result


@case
def write_to_properties(spark, d):
    drop(spark, "v2t")
    spark.range(1).writeTo("v2t").using("delta").tableProperty("my.key", "v").create()
    result = [r[1] for r in spark.sql("SHOW TBLPROPERTIES v2t").collect() if r[0] == "my.key"]
    drop(spark, "v2t")
    return result


# ---- MERGE and DeltaTable


def delta_people(spark, d):
    people(spark).write.format("delta").save(d + "/people")
    from delta.tables import DeltaTable

    return DeltaTable.forPath(spark, d + "/people")


@case
def merge_into_frame(spark, d):
    drop(spark, "target")
    people(spark).write.saveAsTable("target")
    source = spark.createDataFrame([(1, "Anna"), (9, "New")], "id int, name string").alias("s")
    (
        source.mergeInto("target", F.expr("target.id = s.id"))
        .whenMatched()
        .update({"name": F.col("s.name")})
        .whenNotMatched()
        .insert({"id": F.col("s.id"), "name": F.col("s.name")})
        .merge()
    )
    result = sorted(map(repr, spark.table("target").collect()))
    drop(spark, "target")
    return result


@case
def merge_into_frame_all(spark, d):
    drop(spark, "target_all")
    people(spark).write.saveAsTable("target_all")
    source = spark.createDataFrame([(1, "Anna", 1, "n"), (9, "New", 2, "n")], "id int, name string, age int, team string").alias("s")
    (
        source.mergeInto("target_all", F.expr("target_all.id = s.id"))
        .whenMatched()
        .updateAll()
        .whenNotMatched()
        .insertAll()
        .whenNotMatchedBySource(F.expr("target_all.age > 40"))
        .delete()
        .merge()
    )
    result = sorted(map(repr, spark.table("target_all").collect()))
    drop(spark, "target_all")
    return result


@classic
def delta_table_delete_and_update(spark, d):
    t = delta_people(spark, d)
    t.delete("id = 1")
    t.update(condition=F.col("team") == "x", set={"age": F.col("age") + 1, "name": F.lit("u")})
    t.update("id = 2", {"team": "'q'"})
    return t.toDF()


@classic
def delta_table_merge_all_clauses(spark, d):
    t = delta_people(spark, d)
    source = spark.createDataFrame([(1, "del"), (2, "upd"), (8, "new"), (9, "skip")], "id int, what string")
    (
        t.alias("t")
        .merge(source.alias("s"), "t.id = s.id")
        .whenMatchedDelete("s.what = 'del'")
        .whenMatchedUpdate(set={"name": "concat(t.name, '!')", "team": F.col("s.what")})
        .whenNotMatchedInsert(condition="s.what <> 'skip'", values={"id": "s.id", "name": F.upper("s.what")})
        .whenNotMatchedBySourceUpdate(condition="t.id = 3", set={"age": F.lit(0)})
        .whenNotMatchedBySourceDelete("t.id = 4")
        .execute()
    )
    return t.toDF()


@classic
def delta_table_merge_update_all(spark, d):
    t = delta_people(spark, d)
    source = spark.createDataFrame([(1, "A", 1, "n"), (9, "N", 2, "n")], "id int, name string, age int, team string")
    t.alias("t").merge(source.alias("s"), "t.id = s.id").whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
    return t.toDF()


@classic
def delta_table_merge_schema_evolution(spark, d):
    t = delta_people(spark, d)
    source = spark.createDataFrame([(1, "A", 1, "n", True), (9, "N", 2, "n", False)], "id int, name string, age int, team string, extra boolean")
    t.alias("t").merge(source.alias("s"), "t.id = s.id").withSchemaEvolution().whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
    return spark.read.format("delta").load(d + "/people")


@classic
def delta_table_merge_two_matches_fail(spark, d):
    t = delta_people(spark, d)
    source = spark.createDataFrame([(1, "A"), (1, "B")], "id int, name string")
    return failure(lambda: t.alias("t").merge(source.alias("s"), "t.id = s.id").whenMatchedUpdate(set={"name": "s.name"}).execute())[:3]


@classic
def delta_table_history_and_restore(spark, d):
    t = delta_people(spark, d)
    t.delete("id > 2")
    before = t.toDF().count()
    t.restoreToVersion(0)
    return [before, t.toDF().count(), [tuple(r) for r in t.history().select("version", "operation").collect()], t.history(1).count()]


@classic
def delta_table_detail_and_is(spark, d):
    from delta.tables import DeltaTable

    t = delta_people(spark, d)
    return [t.detail().select("format", "numFiles", "partitionColumns").collect(), DeltaTable.isDeltaTable(spark, d + "/people"), DeltaTable.isDeltaTable(spark, d)]


@classic
def delta_table_optimize_and_vacuum(spark, d):
    t = delta_people(spark, d)
    people(spark).write.format("delta").mode("append").save(d + "/people")
    t.optimize().executeCompaction()
    t.vacuum(200)
    return [t.toDF().count(), t.detail().select("numFiles").first()[0]]


@classic
def delta_table_create_builder(spark, d):
    from delta.tables import DeltaTable

    drop(spark, "built")
    (
        DeltaTable.createIfNotExists(spark)
        .tableName("built")
        .addColumn("id", "INT", nullable=False, comment="the key")
        .addColumn("day", DateType())
        .addColumn("year", "INT", generatedAlwaysAs="year(day)")
        .partitionedBy("year")
        .property("my.key", "v")
        .comment("built by Python")
        .execute()
    )
    spark.sql("INSERT INTO built (id, day) VALUES (1, DATE'2024-02-03')")
    result = [json.loads(spark.table("built").schema.json())["fields"], spark.table("built").collect()]
    drop(spark, "built")
    return result


@classic
def delta_table_clone(spark, d):
    t = delta_people(spark, d)
    t.clone(d + "/copy", isShallow=True)
    return spark.read.format("delta").load(d + "/copy").count()


@classic
def delta_table_convert(spark, d):
    from delta.tables import DeltaTable

    people(spark).write.partitionBy("team").parquet(d + "/p")
    DeltaTable.convertToDelta(spark, f"parquet.`{d}/p`", "team STRING")
    return spark.read.format("delta").load(d + "/p")


@classic
def delta_table_for_missing(spark, d):
    from delta.tables import DeltaTable

    return failure(lambda: DeltaTable.forName(spark, "no_such").toDF().collect())[0]


# ---- createDataFrame


@case
def create_from_tuples_infers(spark, d):
    return spark.createDataFrame([(1, "a", 1.5, True, None, datetime.date(2024, 1, 31), datetime.datetime(2024, 1, 31, 10), decimal.Decimal("1.5"), b"x")] * 2, list("abcdefghi"))


@case
def create_from_dicts(spark, d):
    return spark.createDataFrame([{"b": 1, "a": "x"}, {"a": "y", "c": 2.5}])


@case
def create_from_nested(spark, d):
    rows = [Row(a=[1, 2], m={"k": 1}, s=Row(x=1, y="z"))]
    return spark.createDataFrame(rows)


@case
def create_with_struct_type(spark, d):
    schema = StructType(
        [
            StructField("b", ByteType()), StructField("s", ShortType()), StructField("i", IntegerType()), StructField("l", LongType()),
            StructField("f", FloatType()), StructField("d", DoubleType()), StructField("m", DecimalType(10, 2)), StructField("t", StringType()),
            StructField("y", BinaryType()), StructField("o", BooleanType()), StructField("dt", DateType()), StructField("ts", TimestampType()),
            StructField("tn", TimestampNTZType()), StructField("a", ArrayType(IntegerType())), StructField("p", MapType(StringType(), LongType())),
            StructField("r", StructType([StructField("x", IntegerType())])),
        ]
    )
    row = (1, 2, 3, 4, 0.5, 1.5, decimal.Decimal("1.25"), "t", b"\x01", True, datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1, 2, 3), datetime.datetime(2024, 2, 29, 1, 2, 3), [1, None], {"k": 1}, Row(x=1))
    return spark.createDataFrame([row, (None,) * 16], schema)


@case
def create_from_pandas(spark, d):
    import pandas

    return spark.createDataFrame(pandas.DataFrame({"i": [1, 2], "s": ["a", None], "f": [1.5, None], "t": pandas.to_datetime(["2024-01-31", None])}))


@case
def create_from_arrow(spark, d):
    import pyarrow

    return spark.createDataFrame(pyarrow.table({"i": pyarrow.array([1, None], pyarrow.int32()), "l": pyarrow.array([["x"], None])}))


@case
def create_scalars(spark, d):
    return [spark.createDataFrame([1, 2], "int"), spark.createDataFrame(["a"], StringType())]


@case
def create_intervals(spark, d):
    return spark.createDataFrame([(datetime.timedelta(days=1, hours=2),)], "d interval day to second")


@case
def create_not_null_violated(spark, d):
    schema = StructType([StructField("a", IntegerType(), False)])
    return failure(lambda: spark.createDataFrame([(None,)], schema).collect())[0]


@case
def create_with_names_only(spark, d):
    return spark.createDataFrame([(1, 2)], ["a", "b"]).schema.jsonValue()


@case
def create_empty(spark, d):
    return spark.createDataFrame([], "a int not null, b array<string>").schema.jsonValue()


@case
def range_forms(spark, d):
    return [spark.range(3), spark.range(5, 0, -2), spark.range(2, 6, 3, 4)]


# ---- Select and columns


@case
def select_forms(spark, d):
    frame = people(spark)
    return [frame.select("id", F.col("name").alias("n"), frame.age + 1, frame["team"]), frame.select("*", F.lit(1).alias("one")), frame.selectExpr("id * 2", "upper(name) AS u")]


@case
def with_columns(spark, d):
    frame = people(spark)
    return frame.withColumn("ID", F.col("id") * 10).withColumns({"x": F.lit(1), "age": F.coalesce("age", F.lit(0))})


@case
def with_columns_renamed(spark, d):
    return people(spark).withColumnRenamed("name", "n").withColumnsRenamed({"id": "i", "nope": "z"})


@case
def drop_columns(spark, d):
    frame = people(spark)
    return [frame.drop("name", "nope").columns, frame.drop(frame.age).columns]


@case
def to_df_and_alias(spark, d):
    return people(spark).toDF("a", "b", "c", "d").alias("p").select("p.a", "p.d")


@case
def to_df_wrong_count(spark, d):
    return failure(lambda: people(spark).toDF("a").collect())[0]


@case
def col_regex(spark, d):
    return people(spark).select(people(spark).colRegex("`(id|a.*)`"))


@case
def to_schema(spark, d):
    return people(spark).to(StructType([StructField("age", LongType()), StructField("id", StringType())]))


@case
def to_schema_missing_not_null(spark, d):
    return failure(lambda: people(spark).to(StructType([StructField("zz", LongType(), False)])).collect())[:3]


@case
def with_metadata(spark, d):
    return people(spark).withMetadata("id", {"comment": "key"}).schema["id"].metadata


@case
def unresolved_column(spark, d):
    return failure(lambda: people(spark).select("nmae").collect())[:3]


@case
def ambiguous_column(spark, d):
    a = people(spark)
    return failure(lambda: a.join(teams(spark), a.team == "x").select("team").collect())[:3]


@case
def schema_nullability(spark, d):
    frame = spark.range(1).select("id", F.lit(1).alias("one"), F.lit(None).alias("n"), F.array(F.lit(1)).alias("a"), F.col("id").cast("string").alias("s"), (F.col("id") + 1).alias("p"))
    return frame.schema.jsonValue()


@case
def print_schema_levels(spark, d):
    frame = spark.sql("SELECT 1 i, array(named_struct('x', 1, 'y', map('k', 1.5D))) a, named_struct('p', named_struct('q', 'z')) s, CAST(1 AS DECIMAL(10,2)) d")
    return [printed(frame), printed(frame, 1), printed(frame, 2)]


@case
def show_forms(spark, d):
    frame = spark.sql("SELECT * FROM VALUES (1, 'a long text that is more than twenty', array(1, 2), map('k', 1.5D), named_struct('x', NULL), X'0A', 1.0E10D), (NULL, NULL, NULL, NULL, NULL, NULL, NULL) AS t(i, s, a, m, r, b, d)")
    return [shown(frame), shown(frame, 1), shown(frame, truncate=False), shown(frame, truncate=5), shown(frame, vertical=True), shown(frame.where("false"))]


@case
def show_dates_and_numbers(spark, d):
    return shown(spark.sql("SELECT DATE'2024-01-31' d, TIMESTAMP'2024-01-31 10:11:12.5' t, 1.10BD m, CAST(1.5 AS FLOAT) f, 1e-7D e, true b, INTERVAL '1' DAY i, INTERVAL '3' MONTH n"))


@case
def rows_and_fields(spark, d):
    row = people(spark).orderBy("id").first()
    return [row.asDict(), row["name"], row.age, "name" in row, len(row)]


# ---- Filter, sort, limit


@case
def filter_forms(spark, d):
    frame = people(spark)
    return [frame.where("age > 30"), frame.filter((frame.age == 30) & frame.name.isNotNull()), frame.where(F.col("name").like("%n%") | (F.col("id") == 4)), frame.where(~F.col("id").isin(1, 2))]


@case
def sort_and_nulls(spark, d):
    frame = people(spark)
    return [[r.id for r in frame.orderBy(o, "id").collect()] for o in [F.asc("age"), F.desc("age"), F.asc_nulls_last("age"), F.desc_nulls_first("age")]] + [[r.id for r in frame.sort("team", F.desc("id")).collect()], [r.id for r in frame.orderBy(["team", "id"], ascending=[0, 1]).collect()]]


@case
def limit_offset_tail(spark, d):
    frame = spark.range(10).orderBy("id")
    return [frame.limit(3).collect(), frame.offset(7).collect(), frame.offset(2).limit(2).collect(), frame.tail(2), frame.head(), frame.head(2), frame.take(1), frame.limit(0).collect(), frame.first(), spark.range(0).first()]


@case
def is_empty_and_count(spark, d):
    return [spark.range(0).isEmpty(), spark.range(1).isEmpty(), spark.range(7).count()]


@case
def distinct_and_drop_duplicates(spark, d):
    frame = people(spark)
    return [frame.select("team").distinct(), frame.dropDuplicates(["age"]).count(), frame.union(frame).dropDuplicates()]


@case
def sample_is_repeatable(spark, d):
    frame = spark.range(1000)
    a, b = frame.sample(0.3, seed=3).count(), frame.sample(0.3, seed=3).count()
    return [a == b, 200 < a < 400, frame.sample(0.0).count(), frame.sample(1.0).count()]


@case
def random_split(spark, d):
    parts = spark.range(1000).randomSplit([1.0, 3.0], seed=1)
    counts = [part.count() for part in parts]
    return [sum(counts), 150 < counts[0] < 350]


# ---- Joins


@case
def join_types(spark, d):
    a, b = people(spark), teams(spark)
    return {how: a.join(b, "team", how) for how in ["inner", "left", "right", "outer", "left_semi", "left_anti", "full"]}


@case
def join_by_condition(spark, d):
    a, b = people(spark), teams(spark)
    return [a.join(b, a.team == b.team), a.join(b, a.team == b.team, "left").select(a.id, b.title), a.join(b, (a.team == b.team) & (a.id > 1), "right")]


@case
def join_self_with_alias(spark, d):
    frame = people(spark)
    return frame.alias("l").join(frame.alias("r"), F.col("l.id") == F.col("r.id") - 1).select("l.id", "r.name")


@case
def join_several_columns(spark, d):
    a = spark.createDataFrame([(1, 1, "a"), (1, 2, "b")], "x int, y int, p string")
    b = spark.createDataFrame([(1, 1, "c"), (2, 2, "d")], "x int, y int, q string")
    return [a.join(b, ["x", "y"]), a.join(b, ["x", "y"], "outer")]


@case
def join_null_safe(spark, d):
    a = spark.createDataFrame([(1,), (None,)], "x int")
    b = spark.createDataFrame([(1,), (None,)], "y int")
    return [a.join(b, a.x.eqNullSafe(b.y)), a.join(b, a.x == b.y)]


@case
def cross_join(spark, d):
    return spark.range(2).crossJoin(spark.range(10, 12).toDF("b"))


@case
def join_missing_using_column(spark, d):
    return failure(lambda: people(spark).join(teams(spark), "nope").collect())[:3]


@case
def lateral_join(spark, d):
    left = spark.createDataFrame([(1, [1, 2]), (2, [])], "id int, l array<int>")
    right = spark.tvf.explode(F.col("l").outer())
    return [left.lateralJoin(right).select("id", "col"), left.lateralJoin(right, how="left").select("id", "col")]


@case
def broadcast_and_hints(spark, d):
    return people(spark).join(F.broadcast(teams(spark)), "team").hint("merge").select("id", "title")


# ---- Set operations


@case
def unions(spark, d):
    a, b = spark.range(2), spark.range(1, 3)
    return [a.union(b), a.unionAll(b), a.intersect(b), a.union(a).intersectAll(b.union(b)), a.subtract(b), a.union(a).exceptAll(b)]


@case
def union_widens_types(spark, d):
    return spark.sql("SELECT 1 AS a").union(spark.sql("SELECT 2.5D AS b"))


@case
def union_by_name(spark, d):
    a = spark.sql("SELECT 1 AS x, 'a' AS y")
    b = spark.sql("SELECT 'b' AS y, 2 AS x")
    c = spark.sql("SELECT 3 AS x, true AS z")
    return [a.unionByName(b), a.unionByName(c, allowMissingColumns=True), failure(lambda: a.unionByName(c).collect())[:3]]


@case
def union_different_width(spark, d):
    return failure(lambda: people(spark).union(teams(spark)).collect())[:3]


# ---- Groups


@case
def group_and_aggregate(spark, d):
    frame = people(spark)
    return [frame.groupBy("team").count(), frame.groupBy("team").agg(F.sum("age").alias("s"), F.avg("age"), F.countDistinct("id")), frame.groupBy("team").agg({"age": "max", "*": "count"}), frame.agg(F.min("age"), F.max("name")), frame.groupBy().sum("age"), frame.groupBy("team").mean("age", "id")]


@case
def rollup_and_cube(spark, d):
    frame = people(spark)
    return [frame.rollup("team", "age").count(), frame.cube("team", "age").agg(F.grouping_id().alias("g"), F.count("*").alias("n")), frame.groupingSets([["team"], []], "team").agg(F.sum("id").alias("s"))]


@case
def pivot(spark, d):
    frame = spark.createDataFrame([("a", "x", 1), ("a", "y", 2), ("b", "x", 3), ("b", "x", 4)], "g string, p string, v int")
    return [frame.groupBy("g").pivot("p").sum("v"), frame.groupBy("g").pivot("p", ["y", "x"]).agg(F.sum("v").alias("s"), F.count("v").alias("n")), frame.groupBy("g").pivot("p").agg(F.sum("v") * 2), frame.groupBy().pivot("g").max("v")]


@case
def group_by_expression(spark, d):
    return people(spark).groupBy((F.col("id") % 2).alias("odd"), F.upper("team")).agg(F.collect_list("id").alias("l")).select("odd", F.sort_array("l"))


@case
def aggregate_missing_from_group(spark, d):
    return failure(lambda: people(spark).groupBy("team").agg(F.col("name")).collect())[:3]


@case
def having_by_filter(spark, d):
    return people(spark).groupBy("team").count().where("count > 1")


@case
def windows(spark, d):
    w = Window.partitionBy("team").orderBy("id")
    frame = people(spark)
    return frame.select("id", F.row_number().over(w).alias("n"), F.lag("id").over(w).alias("l"), F.sum("id").over(w.rowsBetween(Window.unboundedPreceding, 0)).alias("s"), F.max("id").over(Window.partitionBy("team")).alias("m"))


@case
def first_last_and_collect(spark, d):
    frame = people(spark).orderBy("id")
    return frame.agg(F.first("age", ignorenulls=True), F.count("age"), F.count("*"), F.sort_array(F.collect_set("team")), F.sum(F.lit(1)))


# ---- Reshape


@case
def unpivot(spark, d):
    frame = spark.createDataFrame([(1, 10, 1.5), (2, None, 2.5)], "id int, a int, b double")
    return [frame.unpivot("id", ["a", "b"], "k", "v"), frame.melt(["id"], None, "k", "v"), frame.unpivot("id", "a", "k", "v")]


@case
def unpivot_of_mixed_types_fails(spark, d):
    return failure(lambda: people(spark).unpivot("id", ["name", "age"], "k", "v").collect())[:3]


@case
def transpose(spark, d):
    frame = spark.createDataFrame([("a", 1, 2), ("b", 3, 4)], "k string, x int, y int")
    return [frame.transpose(), frame.transpose("k")]


@case
def explode_forms(spark, d):
    frame = spark.createDataFrame([(1, [1, 2], {"k": "v"}), (2, [], None)], "id int, l array<int>, m map<string,string>")
    return [frame.select("id", F.explode("l")), frame.select("id", F.explode_outer("l").alias("e")), frame.select("id", F.posexplode("l")), frame.select("id", F.explode("m")), frame.selectExpr("id", "inline(array(named_struct('a', id, 'b', 'z')))"), frame.withColumn("e", F.explode("l"))]


# ---- na, stat, describe


@case
def na_functions(spark, d):
    frame = people(spark)
    return [frame.na.fill(0), frame.na.fill("?", ["name"]), frame.na.fill({"age": 1, "name": "q"}), frame.na.drop(), frame.na.drop("all"), frame.na.drop(thresh=4), frame.dropna(subset=["age"]), frame.na.replace("x", "X"), frame.na.replace([1, 2], [10, 20], "id"), frame.na.replace({"Ann": None})]


@case
def describe_and_summary(spark, d):
    frame = people(spark)
    return [frame.describe(), frame.describe("age"), frame.summary("count", "min", "50%", "max"), frame.select("id", "name").summary()]


@case
def stat_functions(spark, d):
    frame = spark.createDataFrame([(1, 2.0, "a"), (2, 4.5, "b"), (3, 6.0, "a"), (4, 8.0, "b")], "x int, y double, k string")
    return [round(frame.stat.corr("x", "y"), 9), round(frame.stat.cov("x", "y"), 9), frame.stat.crosstab("k", "x"), frame.stat.approxQuantile("x", [0.0, 0.5, 1.0], 0.0), frame.stat.freqItems(["k"], 0.4).select(F.sort_array("k_freqItems"))]


@case
def approx_quantile_of_several(spark, d):
    frame = spark.range(101).selectExpr("id", "id * 2 AS two")
    return frame.approxQuantile(["id", "two"], [0.25, 0.9], 0.0)


# ---- Subqueries, views, SQL


@case
def scalar_subquery(spark, d):
    frame = people(spark)
    return frame.where(F.col("age") == frame.select(F.max("age")).scalar())


@case
def exists_subquery_with_outer(spark, d):
    a, b = people(spark), teams(spark)
    return a.alias("a").where(b.alias("b").where(F.col("b.team") == F.col("a.team").outer()).exists())


@case
def scalar_subquery_with_outer(spark, d):
    a = people(spark)
    best = a.alias("i").where(F.col("i.team") == F.col("o.team").outer()).select(F.max("id")).scalar()
    return a.alias("o").select("id", best.alias("best"))


@case
def in_subquery(spark, d):
    return people(spark).where(F.col("team").isin(teams(spark).select("team")))


@case
def temporary_views(spark, d):
    frame = people(spark)
    frame.createTempView("v1")
    again = failure(lambda: frame.createTempView("v1"))[:3]
    frame.where("id = 1").createOrReplaceTempView("v1")
    frame.createOrReplaceGlobalTempView("g1")
    result = [again, spark.table("v1").count(), spark.table("global_temp.g1").count(), spark.catalog.dropTempView("v1"), spark.catalog.dropTempView("v1"), spark.catalog.dropGlobalTempView("g1")]
    return result + [failure(lambda: spark.table("v1").collect())[:3]]


@case
def sql_parameters(spark, d):
    frame = people(spark)
    return [
        spark.sql("SELECT :a + 1 AS x, :b AS y", args={"a": 1, "b": "t"}),
        spark.sql("SELECT ? AS x", args=[datetime.date(2024, 1, 31)]),
        spark.sql("SELECT count(*) AS n FROM {p} WHERE id > {n}", p=frame, n=2),
        spark.sql("SELECT element_at(:m, 'k') AS v, :l[1] AS w", args={"m": F.create_map(F.lit("k"), F.lit(7)), "l": F.array(F.lit(1), F.lit(2))}),
    ]


@case
def sql_errors(spark, d):
    return [
        failure(lambda: spark.sql("SELEC 1"))[:3],
        failure(lambda: spark.sql("SELECT * FROM no_such").collect())[:3],
        failure(lambda: spark.sql("SELECT nope FROM VALUES (1) AS t(a)").collect())[:3],
        failure(lambda: spark.sql("SELECT 1 / 0").collect())[:3],
        failure(lambda: spark.sql("SELECT CAST('x' AS INT)").collect())[:3],
        failure(lambda: spark.sql("SELECT CAST('x' AS DATE)").collect())[:3],
        failure(lambda: spark.sql("SELECT array(1)[5]").collect())[:3],
        failure(lambda: spark.sql("SELECT no_function(1)").collect())[:3],
        failure(lambda: spark.sql("SELECT 2147483647 + 1").collect())[:3],
        failure(lambda: spark.sql("SELECT :a").collect())[:3],
        failure(lambda: spark.sql("SELECT raise_error('oops')").collect())[:3],
        failure(lambda: spark.sql("SELECT abs('a', 1)").collect())[:3],
        failure(lambda: spark.sql("CREATE TABLE t1x (a INT, a INT)"))[:3],
        failure(lambda: spark.sql("DROP TABLE no_such"))[:3],
        failure(lambda: spark.sql("USE no_such_schema"))[:3],
        failure(lambda: spark.sql("SELECT a FROM VALUES (1) AS t(a) GROUP BY 1 HAVING b > 1").collect())[:3],
        failure(lambda: spark.sql("SELECT sum(a) + a FROM VALUES (1) AS t(a)").collect())[:3],
        failure(lambda: spark.sql("SELECT map('a', 1)['b'] + CAST('x' AS INT)").collect())[:3],
    ]


@case
def error_parameters(spark, d):
    return [
        failure(lambda: spark.sql("SELECT 1 / 0").collect()),
        failure(lambda: spark.range(1).select("idd").collect()),
        failure(lambda: spark.table("no_such").collect()),
        failure(lambda: spark.sql("SELECT CAST('x' AS INT)").collect()),
    ]


@case
def query_context_of_sql(spark, d):
    try:
        spark.sql("SELECT 1,\n  CAST('abc' AS INT)").collect()
    except Exception as error:
        context = error.getQueryContext()[0]
        return [context.fragment(), context.startIndex(), context.stopIndex(), context.objectType(), context.objectName()]


@case
def spark_conf(spark, d):
    result = [spark.conf.get("spark.sql.caseSensitive"), spark.conf.get("spark.sql.ansi.enabled"), spark.conf.get("nope", "d"), spark.conf.get("nope", None)]
    spark.conf.set("spark.sql.shuffle.partitions", 7)
    result += [spark.conf.get("spark.sql.shuffle.partitions")]
    spark.conf.unset("spark.sql.shuffle.partitions")
    result += [spark.conf.get("spark.sql.shuffle.partitions"), spark.conf.isModifiable("spark.sql.shuffle.partitions"), spark.conf.isModifiable("spark.driver.memory"), failure(lambda: spark.conf.get("nope"))[:3]]
    return result


@case
def ansi_mode_off(spark, d):
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        return spark.sql("SELECT 1 / 0 AS a, CAST('x' AS INT) AS b, 2147483647 + 1 AS c, array(1)[5] AS e, element_at(map('a', 1), 'b') AS f, CAST(300 AS TINYINT) AS g").collect()
    finally:
        spark.conf.set("spark.sql.ansi.enabled", "true")


@case
def time_zone_of_session(spark, d):
    spark.conf.set("spark.sql.session.timeZone", "America/Los_Angeles")
    try:
        frame = spark.sql("SELECT TIMESTAMP'2024-07-01 12:00:00' AS t, CAST(TIMESTAMP'2024-07-01 12:00:00Z' AS STRING) AS s, hour(TIMESTAMP'2024-07-01 12:00:00Z') AS h")
        return [frame.select("s", "h").collect(), shown(frame)]
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


# ---- Catalog


@case
def catalog_tables(spark, d):
    drop(spark, "cat_t")
    people(spark).write.saveAsTable("cat_t")
    c = spark.catalog
    result = [c.tableExists("cat_t"), c.tableExists("nope"), c.getTable("cat_t").tableType, c.getTable("cat_t").isTemporary, "cat_t" in [t.name for t in c.listTables()], [list(x)[:1] + list(x)[2:] for x in c.listColumns("cat_t")], [t.name for t in c.listTables(pattern="cat_*")]]
    c.cacheTable("cat_t")
    result.append(c.isCached("cat_t"))
    c.uncacheTable("cat_t")
    result.append(c.isCached("cat_t"))
    c.refreshTable("cat_t")
    drop(spark, "cat_t")
    return result


@case
def catalog_databases(spark, d):
    c = spark.catalog
    spark.sql("CREATE DATABASE IF NOT EXISTS extra")
    result = [c.databaseExists("extra"), c.databaseExists("nope"), c.currentDatabase(), c.getDatabase("extra").name]
    c.setCurrentDatabase("extra")
    result.append(c.currentDatabase())
    c.setCurrentDatabase("default")
    spark.sql("DROP DATABASE extra CASCADE")
    return result + [failure(lambda: c.setCurrentDatabase("nope"))[:3], failure(lambda: c.getDatabase("nope"))[:3], failure(lambda: c.getTable("nope"))[:3]]


@case
def catalog_functions(spark, d):
    c = spark.catalog
    return [c.functionExists("count"), c.functionExists("nope"), c.getFunction("sum").name, c.getFunction("sum").isTemporary]


@case
def catalog_create_table(spark, d):
    drop(spark, "made")
    frame = spark.catalog.createTable("made", schema=StructType([StructField("a", IntegerType())]), source="delta")
    result = [frame.schema.simpleString(), spark.catalog.tableExists("made")]
    drop(spark, "made")
    return result


@case
def cache_and_storage_level(spark, d):
    from pyspark import StorageLevel

    frame = spark.range(3)
    before = str(frame.storageLevel)
    frame.cache()
    cached = frame.is_cached
    frame.count()
    frame.unpersist()
    frame.persist(StorageLevel.DISK_ONLY)
    after = str(frame.storageLevel)
    frame.unpersist()
    return [before, cached, after]


@case
def checkpoints(spark, d):
    frame = spark.range(3).localCheckpoint()
    return frame.where("id > 0")


@case
def observe_metrics(spark, d):
    from pyspark.sql import Observation

    seen = Observation("seen")
    frame = people(spark).observe(seen, F.count(F.lit(1)).alias("n"), F.max("age").alias("m"))
    frame.where("id = 1").collect()
    return seen.get


@case
def local_iterator_and_pandas(spark, d):
    frame = people(spark).orderBy("id")
    return [[r.id for r in frame.toLocalIterator()], list(frame.toPandas().columns), frame.toPandas().id.tolist(), frame.toArrow().num_rows]


@case
def same_semantics(spark, d):
    a = spark.range(10)
    return [a.select("id").sameSemantics(a.select("id")), a.select("id").sameSemantics(a.where("id > 1"))]


@case
def partitions_are_no_rows(spark, d):
    frame = spark.range(10)
    return [frame.repartition(3).count(), frame.repartition("id").count(), frame.coalesce(1).count(), frame.repartitionByRange(2, "id").count(), frame.sortWithinPartitions("id").count()]


@case
def transform_and_foreach(spark, d):
    return people(spark).transform(lambda f: f.where("id > 2")).transform(lambda f, n: f.limit(n), 1).count()


# ---- Ingestion from end to end


@case
def bronze_silver_gold(spark, d):
    drop(spark, "bronze", "silver", "gold")
    put(d, "in/a.json", '{"id":1,"amount":"10.5","day":"2024-01-01"}\n{"id":2,"amount":"x","day":"2024-01-01"}\n')
    put(d, "in/b.json", '{"id":3,"amount":"1.25","day":"2024-01-02"}\n{"id":3,"amount":"1.25","day":"2024-01-02"}\n')
    bronze = spark.read.schema("id INT, amount STRING, day STRING").json(d + "/in").withColumn("source", F.col("_metadata.file_name"))
    bronze.write.saveAsTable("bronze")
    silver = (
        spark.table("bronze")
        .dropDuplicates(["id"])
        .withColumn("amount", F.expr("try_cast(amount AS DECIMAL(10,2))"))
        .withColumn("day", F.to_date("day"))
        .where(F.col("amount").isNotNull())
    )
    silver.write.partitionBy("day").saveAsTable("silver")
    spark.table("silver").groupBy("day").agg(F.sum("amount").alias("total")).write.saveAsTable("gold")
    result = [spark.table("bronze").count(), spark.table("silver").orderBy("id").collect(), spark.table("gold").orderBy("day").collect()]
    drop(spark, "bronze", "silver", "gold")
    return result


@case
def late_columns_merge_into_table(spark, d):
    drop(spark, "late")
    put(d, "1/a.json", '{"id":1,"n":"x"}\n')
    put(d, "2/a.json", '{"id":2,"n":"y","extra":{"k":[1,2]}}\n')
    for n in "12":
        spark.read.json(d + "/" + n).write.mode("append").option("mergeSchema", "true").saveAsTable("late")
    result = spark.table("late").orderBy("id").collect()
    drop(spark, "late")
    return result


@classic
def slowly_changing_dimension(spark, d):
    from delta.tables import DeltaTable

    p = d + "/dim"
    spark.createDataFrame([(1, "old", True), (2, "same", True)], "id int, v string, current boolean").write.format("delta").save(p)
    updates = spark.createDataFrame([(1, "new"), (3, "fresh")], "id int, v string")
    t = DeltaTable.forPath(spark, p)
    changed = updates.join(t.toDF().where("current"), "id").where(updates.v != t.toDF().v).select(updates.id, updates.v)
    staged = changed.selectExpr("CAST(NULL AS INT) AS k", "id", "v").union(updates.selectExpr("id AS k", "id", "v"))
    (
        t.alias("t")
        .merge(staged.alias("s"), "t.id = s.k AND t.current")
        .whenMatchedUpdate("t.v <> s.v", {"current": "false"})
        .whenNotMatchedInsert(values={"id": "s.id", "v": "s.v", "current": "true"})
        .execute()
    )
    return spark.read.format("delta").load(p)


@case
def flatten_orders(spark, d):
    put(d, "a.json", '{"order":7,"lines":[{"sku":"a","n":2},{"sku":"b","n":1}],"ship":{"city":"Rome","geo":{"lat":1.5}}}\n')
    frame = spark.read.json(d)
    return frame.select("order", F.explode("lines").alias("line"), "ship.city", "ship.geo.lat").select("order", "line.*", "city", "lat")


@case
def csv_to_delta_with_quarantine(spark, d):
    put(d, "a.csv", "id,qty\n1,5\n2,x\n3,\n")
    frame = spark.read.schema("id INT, qty INT, _corrupt_record STRING").csv(d, header=True).cache()
    good, bad = frame.where("_corrupt_record IS NULL").drop("_corrupt_record"), frame.where("_corrupt_record IS NOT NULL")
    good.write.format("delta").save(d + "/good")
    bad.select("_corrupt_record").write.format("delta").save(d + "/bad")
    return [spark.read.format("delta").load(d + "/good"), spark.read.format("delta").load(d + "/bad")]


@case
def deduplicate_newest(spark, d):
    frame = spark.createDataFrame([(1, 1, "a"), (1, 3, "c"), (2, 2, "b"), (1, 2, "z")], "id int, ts int, v string")
    w = Window.partitionBy("id").orderBy(F.desc("ts"))
    return frame.withColumn("n", F.row_number().over(w)).where("n = 1").drop("n")


@case
def schema_of_json_column(spark, d):
    frame = spark.createDataFrame([(1, '{"a":1,"b":["x"]}'), (2, "broken"), (3, None)], "id int, j string")
    return frame.select("id", F.from_json("j", "a INT, b ARRAY<STRING>").alias("p")).select("id", "p.a", "p.b")


@case
def from_csv_and_to_csv(spark, d):
    frame = spark.createDataFrame([("1,x",), ("q",)], "t string")
    return frame.select(F.from_csv("t", "a INT, b STRING").alias("p"), F.to_csv(F.struct(F.lit(1), F.lit("a,b"))).alias("c"), F.to_json(F.struct(F.lit(1).alias("x"), F.lit(None).alias("y"))).alias("j"))


@case
def constraint_violation(spark, d):
    drop(spark, "checked")
    spark.sql("CREATE TABLE checked (id INT NOT NULL, n INT) USING delta")
    spark.sql("ALTER TABLE checked ADD CONSTRAINT positive CHECK (n > 0)")
    result = [
        failure(lambda: spark.sql("SELECT 1 AS id, -1 AS n").write.mode("append").saveAsTable("checked"))[0],
        failure(lambda: spark.sql("SELECT CAST(NULL AS INT) AS id, 1 AS n").write.mode("append").saveAsTable("checked"))[0],
    ]
    spark.sql("SELECT 1 AS id, 1 AS n").write.mode("append").saveAsTable("checked")
    result.append(spark.table("checked").collect())
    drop(spark, "checked")
    return result


@case
def unicode_and_strange_names(spark, d):
    frame = spark.createDataFrame([(1, "ü")], ["größe id", "a.b"])
    return frame.select("größe id", "`a.b`", F.col("`a.b`").alias("x y"))


@case
def column_mapping_names(spark, d):
    p = d + "/t"
    frame = spark.createDataFrame([(1, 2)], ["a b", "c,d"])
    plain = failure(lambda: frame.write.format("delta").save(p))[0]
    frame.write.format("delta").option("delta.columnMapping.mode", "name").save(d + "/m")
    return [plain, spark.read.format("delta").load(d + "/m")]


@case
def variant_round_trip(spark, d):
    frame = spark.sql("SELECT parse_json('{\"a\":[1,2.5,\"x\"],\"b\":null}') AS v")
    frame.write.format("delta").save(d + "/t")
    return spark.read.format("delta").load(d + "/t").selectExpr("to_json(v) AS j", "v:a[1]::double AS x", "schema_of_variant(v) AS s")


@case
def big_local_data(spark, d):
    frame = spark.createDataFrame([(n, "x" * 50) for n in range(5000)], "n int, t string")
    return frame.agg(F.sum("n"), F.sum(F.length("t")))


@case
def copy_of_select_star_from_path(spark, d):
    people(spark).write.format("delta").save(d + "/t")
    drop(spark, "ctas")
    spark.sql(f"CREATE TABLE ctas USING delta AS SELECT * FROM delta.`{d}/t` WHERE id < 3")
    result = spark.table("ctas").orderBy("id").collect()
    drop(spark, "ctas")
    return result
