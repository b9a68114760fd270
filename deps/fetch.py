"""Downloads one file of a Python package from the index that pip is set up with."""

import json
import os
import sys
import urllib.request

from pip._internal.models.index import PyPI


def simple_index() -> str:
    return os.environ.get("PIP_INDEX_URL") or PyPI.simple_url


def main() -> int:
    package, filename, target = sys.argv[1:4]
    request = urllib.request.Request(
        f"{simple_index().rstrip('/')}/{package}/",
        headers={"Accept": "application/vnd.pypi.simple.v1+json"},
    )
    with urllib.request.urlopen(request, timeout=180) as response:
        files = json.load(response)["files"]
    for file in files:
        if file["filename"] == filename:
            urllib.request.urlretrieve(file["url"], target)
            return 0
    print(f"{package}: the index has no file {filename}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
