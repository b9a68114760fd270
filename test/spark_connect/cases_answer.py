"""What a case of cases.py gives, as lines of text that two servers can be compared by."""

import os
import shutil
import tempfile


def lines_of(value, folder, prefix=""):
    if hasattr(value, "schema") and hasattr(value, "collect"):
        yield prefix + value.schema.simpleString()
        for row in sorted(repr(row) for row in value.collect()):
            yield prefix + "  " + row.replace(folder, "{dir}")
    elif isinstance(value, (list, tuple)) and not hasattr(value, "asDict"):
        for one in value:
            yield from lines_of(one, folder, prefix + "- ")
    elif isinstance(value, dict):
        for key in sorted(value):
            yield f"{prefix}{key}:"
            yield from lines_of(value[key], folder, prefix + "  ")
    elif isinstance(value, str) and "\n" in value:
        for line in value.split("\n"):
            yield prefix + "| " + line.replace(folder, "{dir}")
    elif type(value).__module__ == "numpy":
        yield from lines_of(value.item(), folder, prefix)
    else:
        yield prefix + repr(value).replace(folder, "{dir}")


def answer(case, spark):
    folder = tempfile.mkdtemp(prefix="case.")
    try:
        return list(lines_of(case(spark, folder), folder))
    except Exception as error:
        condition = error.getCondition() if hasattr(error, "getCondition") else None
        state = error.getSqlState() if hasattr(error, "getSqlState") else None
        if condition is None and not hasattr(error, "getCondition"):
            return [f"! {type(error).__name__}: {error}"[:300]]
        return [f"! {type(error).__name__} {condition} {state}"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
