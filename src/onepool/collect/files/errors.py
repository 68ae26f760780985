"""What can be wrong with a whole file or a mapping; a single bad row never raises."""

from __future__ import annotations

from onepool.errors import OnePoolError


class FileError(OnePoolError):
    """A file can't be read as what it seems to be. ``where`` names it."""

    code = "import-file"


class MappingError(OnePoolError):
    """A mapping file is wrong, or does not fit the columns of the file."""

    code = "import-mapping"
