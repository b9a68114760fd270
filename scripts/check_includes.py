"""Checks that the layers of src/ include each other one way only.

A layer may include itself and the layers that its CMakeLists.txt names after
USES; those stand to the left of it in the order below. Headers named
*_internal.h stay in their folder.
"""

import pathlib
import re
import sys

ORDER = (
    "base types storage formats delta catalog sql connectors engine ingest "
    "pipelines workspace server cli"
).split()
SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"
INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"', re.MULTILINE)


def uses_of(layer: str) -> set[str]:
    text = (SOURCE / layer / "CMakeLists.txt").read_text()
    match = re.search(r"\bUSES\s+([a-z\s]+?)(?:\bLINKS\b|\bTESTS\b|\bSOURCES\b|\))", text)
    return set(match.group(1).split()) if match else set()


def main() -> int:
    faults = []
    for layer in ORDER:
        if not (SOURCE / layer / "CMakeLists.txt").exists():
            continue
        uses = uses_of(layer)
        for used in uses:
            if used not in ORDER or ORDER.index(used) >= ORDER.index(layer):
                faults.append(f"src/{layer}/CMakeLists.txt: {layer} may not use {used}")
        for file in sorted((SOURCE / layer).rglob("*")):
            if file.suffix not in (".h", ".cc", ".inc"):
                continue
            for include in INCLUDE.findall(file.read_text()):
                target = include.split("/")[0]
                where = file.relative_to(SOURCE.parent)
                if target in ORDER and target != layer and target not in uses:
                    faults.append(f"{where}: {layer} may not include {include}")
                if include.endswith("_internal.h") and SOURCE / include and (
                    (SOURCE / include).parent != file.parent
                ):
                    faults.append(f"{where}: {include} belongs to its own folder")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
