"""Tables that Inlet writes, and what every reader must find in them."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal as D
from pathlib import Path

UTC = dt.timezone.utc
DATA = Path(__file__).parent.parent / "data"


def utc(*parts):
    return dt.datetime(*parts, tzinfo=UTC)


@dataclass
class Table:
    name: str
    statements: list[str]
    rows: list[tuple]
    # Conditions that a reader may answer from statistics or partition values: how many rows each has.
    counts: dict[str, int] = field(default_factory=dict)
    # Readers that cannot read such a table, with the reason.
    cannot: dict[str, str] = field(default_factory=dict)


def all_null(columns):
    return (None,) * columns


# Text of a partition value: as SQL, and what it means.
ODD_TEXTS = [
    ("'plain'", "plain"),
    ("'a b'", "a b"),
    ("'a/b'", "a/b"),
    ("'a=b'", "a=b"),
    ("'a%b'", "a%b"),
    ("'%2F'", "%2F"),
    ("'a:b'", "a:b"),
    ("'a#b?c&d'", "a#b?c&d"),
    ("'ü ΔΩ 漢字'", "ü ΔΩ 漢字"),
    ("'🙂'", "🙂"),
    ("'it\\'s'", "it's"),
    ("'say \"hi\"'", 'say "hi"'),
    ("'back\\\\slash'", "back\\slash"),
    ("'tab\\there'", "tab\there"),
    ("'line\\nbreak'", "line\nbreak"),
    ("'{a}[b]^c|d'", "{a}[b]^c|d"),
    ("'.'", "."),
    ("'..'", ".."),
    ("' lead'", " lead"),
    ("'trail '", "trail "),
    ("'NULL'", "NULL"),
    ("'*'", "*"),
    ("NULL", None),
]

TABLES = [
    Table(
        "primitives",
        [
            "CREATE TABLE primitives (b BOOLEAN, t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, small DECIMAL(5,2),"
            " mid DECIMAL(18,4), wide DECIMAL(38,10), txt STRING, bin BINARY, day DATE, at TIMESTAMP)",
            "INSERT INTO primitives VALUES"
            " (true, -128, -32768, -2147483648, -9223372036854775808, -3.4028235E38, -1.7976931348623157E308, -999.99,"
            "  -99999999999999.9999, -9999999999999999999999999999.9999999999, '', X'', DATE'0001-01-01', TIMESTAMP'0001-01-01 00:00:00'),"
            " (false, 127, 32767, 2147483647, 9223372036854775807, 1.4E-45, 4.9E-324, 999.99, 99999999999999.9999,"
            "  9999999999999999999999999999.9999999999, 'ü漢🙂', X'00FF10', DATE'9999-12-31', TIMESTAMP'9999-12-31 23:59:59.999999'),"
            " (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),"
            " (true, 0, 0, 0, 0, 0.0, 0.0, 0, 0, 0, 'x', X'31', DATE'1582-10-15', TIMESTAMP'1899-12-31 23:59:59.000001')",
        ],
        [
            (True, -128, -32768, -(2**31), -(2**63), -3.4028234663852886e38, -1.7976931348623157e308, D("-999.99"),
             D("-99999999999999.9999"), D("-9999999999999999999999999999.9999999999"), "", b"", dt.date(1, 1, 1), utc(1, 1, 1)),
            (False, 127, 32767, 2**31 - 1, 2**63 - 1, 1.401298464324817e-45, 5e-324, D("999.99"), D("99999999999999.9999"),
             D("9999999999999999999999999999.9999999999"), "ü漢🙂", b"\x00\xff\x10", dt.date(9999, 12, 31),
             utc(9999, 12, 31, 23, 59, 59, 999999)),
            all_null(14),
            (True, 0, 0, 0, 0, 0.0, 0.0, D("0"), D("0"), D("0"), "x", b"1", dt.date(1582, 10, 15),
             utc(1899, 12, 31, 23, 59, 59, 1)),
        ],
        {"i = 2147483647": 1, "l < 0": 1, "small = 999.99": 1, "day = DATE '9999-12-31'": 1, "txt = 'ü漢🙂'": 1, "txt IS NULL": 1},
    ),
    Table(
        "old_timestamps",
        [
            "CREATE TABLE old_timestamps (id INT, at TIMESTAMP)",
            "INSERT INTO old_timestamps VALUES (1, TIMESTAMP'1582-10-04 23:59:59.999999'), (2, TIMESTAMP'1582-10-15 00:00:00'),"
            " (3, TIMESTAMP'1883-11-18 12:03:58'), (4, TIMESTAMP'1899-12-31 23:59:59.123456'), (5, TIMESTAMP'1969-12-31 23:59:59.999999'),"
            " (6, TIMESTAMP'1970-01-01 00:00:00.000001'), (7, TIMESTAMP'2262-04-11 23:47:16.854776')",
        ],
        [
            (1, utc(1582, 10, 4, 23, 59, 59, 999999)), (2, utc(1582, 10, 15)), (3, utc(1883, 11, 18, 12, 3, 58)),
            (4, utc(1899, 12, 31, 23, 59, 59, 123456)), (5, utc(1969, 12, 31, 23, 59, 59, 999999)),
            (6, utc(1970, 1, 1, 0, 0, 0, 1)), (7, utc(2262, 4, 11, 23, 47, 16, 854776)),
        ],
        {"`at` >= TIMESTAMP '1899-12-31 23:59:59.123456'": 4, "`at` < TIMESTAMP '1883-11-18 12:03:58'": 2},
    ),
    Table(
        "local_timestamps",
        [
            "CREATE TABLE local_timestamps (id INT, at TIMESTAMP_NTZ)",
            "INSERT INTO local_timestamps VALUES (1, TIMESTAMP_NTZ'1899-12-31 23:59:59.123456'), (2, NULL), (3, TIMESTAMP_NTZ'2024-03-10 02:30:00')",
        ],
        [(1, dt.datetime(1899, 12, 31, 23, 59, 59, 123456)), (2, None), (3, dt.datetime(2024, 3, 10, 2, 30))],
        {"`at` > TIMESTAMP '2000-01-01 00:00:00'": 1},
    ),
    Table(
        "special_floats",
        [
            "CREATE TABLE special_floats (id INT, d DOUBLE, f FLOAT)",
            "INSERT INTO special_floats VALUES (1, double('NaN'), float('NaN')), (2, double('Infinity'), float('-Infinity')),"
            " (3, -0.0D, 0.0F), (4, 1.5, 2.5)",
        ],
        [(1, float("nan"), float("nan")), (2, float("inf"), float("-inf")), (3, 0.0, 0.0), (4, 1.5, 2.5)],
        {"d > 2": 2, "d = 1.5": 1},
    ),
    Table(
        "nested",
        [
            "CREATE TABLE nested (id INT, xs ARRAY<INT>, s STRUCT<a: INT, b: STRUCT<c: STRING, d: ARRAY<DATE>>>,"
            " m MAP<STRING, ARRAY<STRUCT<k: INT>>>, deep ARRAY<ARRAY<MAP<INT, DECIMAL(10,2)>>>)",
            "INSERT INTO nested VALUES"
            " (1, array(1, NULL, 3), named_struct('a', 1, 'b', named_struct('c', 'x', 'd', array(DATE'2024-01-05', NULL))),"
            "  map('one', array(named_struct('k', 1), NULL), 'none', NULL), array(array(map(1, 1.25BD, 2, NULL)), array(), NULL)),"
            " (2, array(), named_struct('a', NULL, 'b', NULL), map(), array()),"
            " (3, NULL, NULL, NULL, NULL)",
        ],
        [
            (1, [1, None, 3], {"a": 1, "b": {"c": "x", "d": [dt.date(2024, 1, 5), None]}},
             {"one": [{"k": 1}, None], "none": None}, [[{1: D("1.25"), 2: None}], [], None]),
            (2, [], {"a": None, "b": None}, {}, []),
            (3, None, None, None, None),
        ],
    ),
    Table(
        "odd_names",
        [
            "CREATE TABLE odd_names (`select` INT, `ünïcode漢` INT"
            + ", `a.b` INT, `a-b` INT, `a'b` INT, `a\"b` INT, `a/b` INT, `a%20b` INT, `1st` INT, `UPPER` INT, `🙂` INT, `a``b` INT, `_x` INT, `a#b` INT)",
            "INSERT INTO odd_names VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)",
        ],
        [tuple(range(1, 15))],
    ),
    Table(
        "text_partitions",
        [
            "CREATE TABLE text_partitions (id INT, p STRING) PARTITIONED BY (p)",
            "INSERT INTO text_partitions VALUES " + ", ".join(f"({i}, {sql})" for i, (sql, _) in enumerate(ODD_TEXTS)),
        ],
        [(i, text) for i, (_, text) in enumerate(ODD_TEXTS)],
        {"p = 'a/b'": 1, "p = '%2F'": 1, "p = ' lead'": 1, "p IS NULL": 1, "p = '..'": 1},
    ),
    Table(
        "typed_partitions",
        [
            "CREATE TABLE typed_partitions (id INT, b BOOLEAN, l BIGINT, n DECIMAL(10,2), d DOUBLE, day DATE, at TIMESTAMP)"
            " PARTITIONED BY (b, l, n, d, day, at)",
            "INSERT INTO typed_partitions VALUES"
            " (1, true, -9223372036854775808, -1.50, 1.5E300, DATE'1582-10-04', TIMESTAMP'1899-12-31 23:59:59.123456'),"
            " (2, false, 9223372036854775807, 99999999.99, -0.001, DATE'9999-12-31', TIMESTAMP'2024-03-10 02:30:00'),"
            " (3, NULL, NULL, NULL, NULL, NULL, NULL)",
        ],
        [
            (1, True, -(2**63), D("-1.50"), 1.5e300, dt.date(1582, 10, 4), utc(1899, 12, 31, 23, 59, 59, 123456)),
            (2, False, 2**63 - 1, D("99999999.99"), -0.001, dt.date(9999, 12, 31), utc(2024, 3, 10, 2, 30)),
            (3,) + all_null(6),
        ],
        {"day = DATE '1582-10-04'": 1, "l > 0": 1, "`at` IS NULL": 1, "b": 1},
    ),
    Table("no_rows", ["CREATE TABLE no_rows (id INT, name STRING)"], []),
    Table(
        "log_checkpoint",
        ["CREATE TABLE log_checkpoint (id INT)"]
        + [f"INSERT INTO log_checkpoint VALUES ({i})" for i in range(12)]
        + ["INSERT OVERWRITE log_checkpoint VALUES (100), (101)", "RESTORE TABLE log_checkpoint TO VERSION AS OF 12",
           "INSERT INTO log_checkpoint VALUES (12)"],
        [(i,) for i in range(13)],
        {"id > 10": 2},
    ),
    Table(
        "added_column",
        ["CREATE TABLE added_column (id INT)", "INSERT INTO added_column VALUES (1)", "ALTER TABLE added_column ADD COLUMN name STRING",
         "INSERT INTO added_column VALUES (2, 'two')"],
        [(1, None), (2, "two")],
        {"name IS NULL": 1},
    ),
    Table(
        "constraints",
        ["CREATE TABLE constraints (id INT NOT NULL, name STRING NOT NULL COMMENT 'a \"name\"') COMMENT 'it\\'s'",
         "ALTER TABLE constraints ADD CONSTRAINT positive CHECK (id > 0)", "INSERT INTO constraints VALUES (1, 'a')"],
        [(1, "a")],
    ),
    Table(
        "long_texts",
        ["CREATE TABLE long_texts (id INT, txt STRING)",
         "INSERT INTO long_texts VALUES (1, repeat('a', 40)), (2, concat(repeat('ü', 31), '🙂', 'z')), (3, repeat('\\uDBFF\\uDFFF', 40)), (4, '')"],
        [(1, "a" * 40), (2, "ü" * 31 + "🙂z"), (3, "\U0010ffff" * 40), (4, "")],
        {"txt = repeat('a', 40)": 1, "length(txt) = 33": 1, "txt >= repeat('ü', 31)": 2},
    ),
    Table(
        "replaced",
        ["CREATE TABLE replaced (a INT)", "INSERT INTO replaced VALUES (1)",
         "CREATE OR REPLACE TABLE replaced PARTITIONED BY (p) AS SELECT 1 AS b, 'x' AS p UNION ALL SELECT 2, 'y'",
         "INSERT INTO replaced REPLACE WHERE p = 'y' VALUES (3, 'y')"],
        [(1, "x"), (3, "y")],
        {"p = 'y'": 1},
    ),
    Table(
        "many_rows",
        ["CREATE TABLE many_rows AS SELECT id, id % 7 AS k, concat('row ', id) AS name, CASE WHEN id % 3 = 0 THEN NULL ELSE id * 0.5D END AS v FROM range(300000)"],
        [(i, i % 7, f"row {i}", None if i % 3 == 0 else i * 0.5) for i in range(300000)],
        {"id = 299999": 1, "name = 'row 7'": 1, "v IS NULL": 100000},
    ),
    Table(
        "column_mapping",
        ["CREATE TABLE column_mapping (`a b` INT, `c,d` STRUCT<`e f`: INT>) TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
         "INSERT INTO column_mapping VALUES (1, named_struct('e f', 2))"],
        [(1, {"e f": 2})],
        {"`a b` = 1": 1},
    ),
    Table(
        "mapped_partitions",
        ["CREATE TABLE mapped_partitions (`a b` INT, `p;q` STRING) PARTITIONED BY (`p;q`) TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
         "INSERT INTO mapped_partitions VALUES (1, 'x y'), (2, NULL)"],
        [(1, "x y"), (2, None)],
        {"`p;q` = 'x y'": 1},
        {"duckdb": "gives NULL for a partition column with another physical name"},
    ),
    Table(
        "copy_into",
        ["CREATE TABLE copy_into",
         f"COPY INTO copy_into FROM '{DATA}/guide' FILEFORMAT = CSV PATTERN = 'orders.csv'"
         " FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true') COPY_OPTIONS ('mergeSchema' = 'true')",
         "INSERT INTO copy_into VALUES (9, 'Zoe', NULL, NULL)",
         f"COPY INTO copy_into FROM (SELECT order_id, customer FROM '{DATA}/guide') FILEFORMAT = CSV PATTERN = '*orders.csv'"
         " FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true')"],
        [(1, "Ann", 10.5, utc(2024, 1, 5, 9, 30)), (2, "Bob", 99.99, utc(2024, 1, 5, 10, 15)), (3, "Cy, Jr", 7.25, utc(2024, 1, 6, 17, 45)),
         (4, "Ann", None, utc(2024, 1, 7, 8)), (5, "Dee", None, None), (6, "Bob", None, None), (9, "Zoe", None, None)],
        {"order_id > 4": 3},
    ),
]
