"""AUTO CDC against a model of a few lines: random events, in and out of order, in batches.

usage: auto_cdc.py INLET [ROUNDS [SEED]]

Four targets read the same events: the latest state, the same where NULL is no update, the history,
and the history of one column. INLET_SIM=long makes more rounds.
"""

import csv
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

COLUMNS = "k INT, a INT, b STRING, op STRING, at INT"
CDC = ("FLOW AUTO CDC FROM STREAM read_files('{folder}', format => 'json', schema => '{columns}') KEYS (k) "
       "{nulls} APPLY AS DELETE WHEN op = 'D' SEQUENCE BY at COLUMNS * EXCEPT (op, at) STORED AS SCD TYPE {kind}")
TARGETS = {
    "latest": {"nulls": "", "kind": "1"},
    "filled": {"nulls": "IGNORE NULL UPDATES", "kind": "1"},
    "history": {"nulls": "", "kind": "2"},
    "tracked": {"nulls": "", "kind": "2 TRACK HISTORY ON (a)"},
}


def run(binary, home, statements):
    text = ";\n".join(statements)
    done = subprocess.run([binary, "sql", "--home", str(home), "-o", "csv", "--no-progress", "-f", "-"],
                          input=text, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"{text}\n{done.stderr}")
    return list(csv.reader(io.StringIO(done.stdout)))


def text(value):
    return "" if value is None else str(value)


def model_latest(batches):
    seen, rows = {}, {}
    for batch in batches:
        for event in batch:
            if event["at"] <= seen.get(event["k"], -1):
                continue
            seen[event["k"]] = event["at"]
            rows[event["k"]] = None if event["op"] == "D" else (event["a"], event["b"])
    return [(k, *row) for k, row in rows.items() if row]


def model_filled(batches):
    seen, rows = {}, {}
    for batch in batches:
        for event in sorted(batch, key=lambda event: event["at"]):
            if event["at"] <= seen.get(event["k"], -1):
                continue
            rows.setdefault(event["k"], None)
            if event["op"] == "D":
                rows[event["k"]] = None
            else:
                old = rows[event["k"]] or (None, None)
                new = (event["a"], event["b"])
                rows[event["k"]] = tuple(o if n is None else n for o, n in zip(old, new))
        for event in batch:
            seen[event["k"]] = max(seen.get(event["k"], -1), event["at"])
    return [(k, *row) for k, row in rows.items() if row]


def model_history(batches):
    rows, by_key = [], {}
    for event in (event for batch in batches for event in batch):
        by_key.setdefault(event["k"], []).append(event)
    for k, events in by_key.items():
        events.sort(key=lambda event: event["at"])
        for event, after in zip(events, events[1:] + [None]):
            if event["op"] != "D":
                rows.append((k, event["a"], event["b"], event["at"], after and after["at"]))
    return rows


def model_tracked(batches):
    rows = []
    for k, a, b, start, end in sorted(model_history(batches), key=lambda row: (str(row[0]), row[3])):
        if rows and rows[-1][0] == k and rows[-1][4] == start and rows[-1][1] == a:
            rows[-1] = (k, a, b, rows[-1][3], end)
        else:
            rows.append((k, a, b, start, end))
    return rows


MODELS = {"latest": model_latest, "filled": model_filled, "history": model_history, "tracked": model_tracked}


def make_events(chance, keys, count):
    """Each key's events have numbers of their own: which of two equal ones wins is nobody's promise."""
    events = []
    for at in range(1, count + 1):
        is_delete = chance.random() < 0.2
        events.append({"k": chance.choice(keys), "op": "D" if is_delete else "U", "at": at,
                       "a": None if is_delete or chance.random() < 0.3 else chance.randint(1, 3),
                       "b": None if is_delete or chance.random() < 0.3 else chance.choice("xyz")})
    return events


def split(chance, events, num_batches, shuffled):
    events = list(events)
    if shuffled:
        # Neighbours change places, some events come much later.
        events.sort(key=lambda event: event["at"] + chance.choice([0, 0, 3, len(events)]))
    cuts = sorted(chance.sample(range(1, len(events)), num_batches - 1))
    return [events[i:j] for i, j in zip([0, *cuts], [*cuts, len(events)])]


def play(binary, chance, shuffled):
    names = ["latest", "history"] + ([] if shuffled else ["tracked"]) + ["filled"]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        folder = scratch / "events"
        folder.mkdir()
        batches = split(chance, make_events(chance, [1, 2, 3, None], 40), 4, shuffled)
        for number, batch in enumerate(batches):
            lines = batch if shuffled else chance.sample(batch, len(batch))
            (folder / f"{number}.json").write_text("".join(json.dumps(event) + "\n" for event in lines))
            run(binary, scratch / "home", [
                f"REFRESH STREAMING TABLE {name}" if number else
                f"CREATE STREAMING TABLE {name} " + CDC.format(folder=folder, columns=COLUMNS, **TARGETS[name])
                for name in names])
            for name in names:
                columns = "k, a, b" + (", __START_AT, __END_AT" if TARGETS[name]["kind"][0] == "2" else "")
                got = run(binary, scratch / "home", [f"SELECT {columns} FROM {name}"])[1:]
                wanted = [[text(cell) for cell in row] for row in MODELS[name](batches[:number + 1])]
                if sorted(got) != sorted(wanted):
                    raise AssertionError(f"{name} after {batches[:number + 1]}:\n{sorted(got)}\nnot\n{sorted(wanted)}")


def main():
    is_long = os.environ.get("INLET_SIM") == "long"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30 if is_long else 1
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    print(f"{rounds} rounds, seed {seed}")
    chance = random.Random(seed)
    for _ in range(rounds):
        for shuffled in (False, True):
            play(str(pathlib.Path(sys.argv[1]).resolve()), chance, shuffled)
    print("as the model says")


if __name__ == "__main__":
    main()
