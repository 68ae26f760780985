"""What starting the command line leaves out."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
import onepool.cli
import pyarrow as pa
assert pa.array([[1, 2]]).to_pylist() == [[1, 2]]
assert pa.schema([("id", pa.int64())]).empty_table().num_rows == 0
print(*sorted({"fastapi", "numba", "pandas", "scipy"} & set(sys.modules)))
"""


def test_the_command_line_starts_without_what_few_commands_need() -> None:
    """Each of them takes longer to load than most commands take."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
