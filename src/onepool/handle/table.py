"""What the verbs return: an Arrow table that pandas and Polars take as it is."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pyarrow as pa

from onepool.errors import OnePoolError


class NotInstalled(OnePoolError):
    """A library that is only needed for this is not there."""

    code = "not-installed"


class Table:
    """An Arrow table. Everything of `pyarrow.Table` is here too (`column`, `to_pylist`, `filter` …), and whatever takes
    Arrow data takes it: DuckDB, pandas, Polars, pyarrow. `arrow` is the table itself."""

    __slots__ = ("arrow",)

    def __init__(self, arrow: pa.Table) -> None:
        self.arrow = arrow

    def to_pandas(self, **options: Any) -> Any:
        """A pandas DataFrame; options as of `pyarrow.Table.to_pandas`. Raises NotInstalled."""
        try:
            return self.arrow.to_pandas(**options)
        except ModuleNotFoundError as error:
            raise _missing("pandas", "to_polars") from error

    def to_polars(self) -> Any:
        """A Polars DataFrame. Raises NotInstalled."""
        try:
            polars = import_module("polars")
        except ModuleNotFoundError as error:
            raise _missing("polars", "to_pandas") from error
        return polars.from_arrow(self.arrow)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.arrow.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self.arrow.schema.__arrow_c_schema__()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "arrow":
            raise AttributeError(name)
        return getattr(self.arrow, name)

    def __getitem__(self, key: Any) -> Any:
        return self.arrow[key]

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    def __eq__(self, other: object) -> bool:
        return bool(self.arrow.equals(other.arrow if isinstance(other, Table) else other))

    __hash__ = None  # type: ignore[assignment]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self.arrow)})

    def __repr__(self) -> str:
        return repr(self.arrow)


def _missing(library: str, other: str) -> NotInstalled:
    return NotInstalled(f"{library} is not installed", hint=f"pip install {library}, or take .{other}()")
