"""kill -9 of the real program at random moments of CREATE OR REPLACE TABLE AS and INSERT.

usage: kill_loop.py INLET [KILLS [SEED]]

After each kill the table is the one before the statement or the one after it, whole batches of
rows and nothing else, and a run without a kill still works. INLET_SIM=long makes 200 kills.
"""

import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

from inlet_program import Program, leftovers

ROWS_PER_BATCH = 20_000


def write_batches(directory, batches):
    for batch in range(batches):
        folder = directory / f"batch={batch}"
        folder.mkdir(parents=True)
        for part in range(4):
            lines = (f"{row},value {row % 97},{row * 0.5}\n"
                     for row in range(part, ROWS_PER_BATCH, 4))
            (folder / f"{part}.csv").write_text("id,name,amount\n" + "".join(lines))


def source(directory, batches):
    paths = ",".join(map(str, batches))
    return (f"SELECT * FROM read_files('{directory}/batch={{{paths}}}', format => 'csv', header => true, "
            f"schema => 'id BIGINT, name STRING, amount DOUBLE, batch INT')")


def batches_of(program):
    """The batches in the table; each must be whole. None when there is no table."""
    code, rows, err = program.run(
        "SELECT batch, count(*), count(DISTINCT id), sum(amount) FROM t GROUP BY batch ORDER BY batch")
    if code != 0:
        if "[TABLE_OR_VIEW_NOT_FOUND]" in err:
            return None
        raise AssertionError(err)
    total = sum(row * 0.5 for row in range(ROWS_PER_BATCH))
    for batch, num_rows, num_ids, amount in rows:
        whole = (str(ROWS_PER_BATCH), str(ROWS_PER_BATCH))
        if (num_rows, num_ids) != whole or float(amount) != total:
            raise AssertionError(f"batch {batch}: {num_rows} rows, {num_ids} ids, sum {amount}")
    return [int(row[0]) for row in rows]


def main():
    binary = sys.argv[1]
    is_long = os.environ.get("INLET_SIM") == "long"
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 200 if is_long else 8
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    print(f"{kills} kills, seed {seed}")
    chance = random.Random(seed)
    root = pathlib.Path(tempfile.mkdtemp(prefix="inlet_kill_"))
    try:
        run(Program(binary, root / "home"), root / "input", kills, chance)
    finally:
        shutil.rmtree(root)


def run(program, data, kills, chance):
    num_batches = 6
    write_batches(data, num_batches)
    began = time.monotonic()
    program.rows(f"CREATE OR REPLACE TABLE t AS {source(data, [0])}")
    usual_seconds = time.monotonic() - began
    state = batches_of(program)
    assert state == [0], state
    num_killed = num_done = 0
    for _ in range(kills):
        left = [batch for batch in range(num_batches) if batch not in (state or [])]
        if left and chance.random() < 0.7:
            after = sorted([*(state or []), left[0]])
            statement = f"INSERT INTO t {source(data, [left[0]])}"
        else:
            after = sorted(chance.sample(range(num_batches), 2))
            statement = f"CREATE OR REPLACE TABLE t AS {source(data, after)}"
        process = program.start(statement)
        time.sleep(chance.random() * 1.2 * usual_seconds)
        process.kill()
        process.communicate()
        num_killed += process.returncode != 0
        found = batches_of(program)
        if found not in (state, after) or (process.returncode == 0 and found != after):
            raise AssertionError(f"{statement}\nbefore {state}, after {after}, found {found}")
        num_done += found == after
        state = found
        if leftovers(program.home):
            raise AssertionError(f"left behind: {leftovers(program.home)}")
    program.rows(f"CREATE OR REPLACE TABLE t AS {source(data, [5])}")
    assert batches_of(program) == [5]
    print(f"{num_killed} died, {num_done} statements took effect")


if __name__ == "__main__":
    main()
