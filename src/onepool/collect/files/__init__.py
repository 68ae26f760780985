"""Files into the log: CSV, TSV, Excel, JSON lines and Parquet, as they come out of shops' and CRM systems.

``import_files`` is the face for whole imports, ``import_sources`` for loaders that bring tables of their own;
importing this package also makes records of protocol ``file`` decodable.
"""

from __future__ import annotations

from onepool.collect.files.blocks import Source
from onepool.collect.files.decode import decode_file
from onepool.collect.files.errors import FileError, MappingError
from onepool.collect.files.importer import import_files, import_sources
from onepool.collect.files.mapping import KINDS, Kind, Mapping, load_mapping, mapping_in
from onepool.collect.files.peek import Seen, peek
from onepool.collect.files.place import place_of
from onepool.collect.files.plan import Dictionary, Planner
from onepool.collect.files.records import TableSource
from onepool.collect.files.report import Check, ImportReport, Progress, Refusals, Verdict

__all__ = [
    "KINDS",
    "Check",
    "Dictionary",
    "FileError",
    "ImportReport",
    "Kind",
    "Mapping",
    "MappingError",
    "Planner",
    "Progress",
    "Refusals",
    "Seen",
    "Source",
    "TableSource",
    "Verdict",
    "decode_file",
    "import_files",
    "import_sources",
    "load_mapping",
    "mapping_in",
    "peek",
    "place_of",
]
