"""Makes the inputs of the benchmarks; the same seed gives the same bytes.

    python3 bench/generate.py DIR [--scale 1.0]

At scale 1 there are: one CSV of 300 MB, one file of nested JSON lines of 300 MB,
one Parquet file of the CSV's rows, 1,000 CSV files of 30 KB, 10,000 files of
JSON lines of 10 KB.
"""

import argparse
import datetime
import json
import pathlib
import random

import pyarrow.csv
import pyarrow.parquet

WORDS = "amber birch cedar delta ember fjord grove haven islet jetty knoll ledge maple north ocean".split()


def order(rng: random.Random, number: int) -> dict:
    day = datetime.date(2020, 1, 1) + datetime.timedelta(days=rng.randrange(2000))
    return {
        "order_id": number,
        "customer": f"{rng.choice(WORDS)} {rng.choice(WORDS)}",
        "quantity": rng.randrange(1, 100),
        "price": round(rng.random() * 1000, 2),
        "discount": rng.choice([0, 0.05, 0.1, 0.25]),
        "ordered_on": day.isoformat(),
        "shipped_at": f"{day.isoformat()}T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z",
        "is_gift": rng.random() < 0.1,
        "status": rng.choice(["open", "paid", "shipped", "returned"]),
        "note": " ".join(rng.choices(WORDS, k=rng.randrange(0, 6))),
    }


def csv_line(row: dict) -> str:
    return ",".join(str(value).lower() if isinstance(value, bool) else str(value) for value in row.values())


def json_line(rng: random.Random, row: dict) -> str:
    nested = {
        "id": row["order_id"],
        "customer": {"name": row["customer"], "tags": rng.sample(WORDS, 3)},
        "lines": [
            {"sku": rng.choice(WORDS), "quantity": rng.randrange(1, 9), "price": round(rng.random() * 99, 2)}
            for _ in range(rng.randrange(1, 4))
        ],
        "shipped_at": row["shipped_at"],
        "is_gift": row["is_gift"],
        "note": row["note"] or None,
    }
    return json.dumps(nested, separators=(",", ":"))


def write_lines(path: pathlib.Path, size_bytes: int, line, header: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        written = file.write(header)
        while written < size_bytes:
            written += file.write(line() + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    root, scale = arguments.directory, arguments.scale
    rng = random.Random(20260101)
    numbers = iter(range(1, 1 << 60))
    header = ",".join(order(rng, 0)) + "\n"
    csv = lambda: csv_line(order(rng, next(numbers)))
    nested = lambda: json_line(rng, order(rng, next(numbers)))
    write_lines(root / "csv/big.csv", int(300e6 * scale), csv, header)
    write_lines(root / "json/big.jsonl", int(300e6 * scale), nested)
    for i in range(int(1000 * scale)):
        write_lines(root / f"small_csv/{i:05}.csv", 30_000, csv, header)
    for i in range(int(10_000 * scale)):
        write_lines(root / f"small_json/{i:05}.jsonl", 10_000, nested)
    table = pyarrow.csv.read_csv(root / "csv/big.csv")
    (root / "parquet").mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(table, root / "parquet/big.parquet", row_group_size=250_000)


if __name__ == "__main__":
    main()
