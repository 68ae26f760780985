"""The OpenAPI document as a file: `python -m onepool.api.openapi console/openapi.json`.

The console's types are generated from that file; a test fails when it is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from onepool.api.app import bare_app


def text() -> str:
    """The document as it is committed: sorted, indented, with a line end."""
    return json.dumps(bare_app().openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write the document to the file named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m onepool.api.openapi FILE\n")
        return 2
    Path(arguments[0]).write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
