"""A channel whose touchpoints are databases: CRM, ERP and tills have it in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from onepool.channels.base import database, database_pull, database_shape
from onepool.channels.base.account import Account
from onepool.channels.base.channel import Channel, Cursor, Page, Stream
from onepool.channels.base.database_read import read
from onepool.channels.base.manifest import Identifies, Manifest, Setting, Signal, Title

_SETTINGS = (
    Setting(
        name="url",
        kind="secret",
        title={"zh": "数据库地址", "en": "Address of the database"},
        help={
            "zh": "如 postgresql://用户:密码@主机:5432/库名；也可用 mysql、mariadb、mssql。请给只读账号。",
            "en": "Such as postgresql://user:password@host:5432/name; mysql, mariadb, mssql too. Use a reading user.",
        },
        required=True,
    ),
    Setting(
        name="zone",
        kind="text",
        title={"zh": "时间所在时区", "en": "Time zone of its times"},
        help={
            "zh": "没有时区的时间按此时区理解；默认用工作区的",
            "en": "Of times without one; default: the workspace's",
        },
        pattern=r"[A-Za-z0-9_+/-]{1,60}",
    ),
    Setting(
        name="encoding",
        kind="choice",
        title={"zh": "文字的真实编码", "en": "True encoding of its texts"},
        help={
            "zh": "仅当中文存在 latin1 列里显示为乱码时选择",
            "en": "Only when Chinese stands in columns that call themselves latin1",
        },
        options={"gb18030": {"zh": "GBK / GB18030", "en": "GBK / GB18030"}, "utf-8": {"zh": "UTF-8", "en": "UTF-8"}},
    ),
    Setting(
        name="tables",
        kind="object",
        title={"zh": "要读取的表", "en": "Tables that are read"},
        help={
            "zh": "每张表：是什么、主键、增量列、各列的含义；可从预览生成",
            "en": "Of each: what it is, its key, its cursor, what its columns mean; a preview proposes it",
        },
        default=[],
    ),
)


def streams_of(settings: Mapping[str, Any]) -> Mapping[str, Stream]:
    """A stream for each table that the settings name; none where they can't be used."""
    try:
        known = database.tables(settings)
    except (msgspec.ValidationError, TypeError):
        return {}
    return {table.name: _stream(table) for table in known}


def _stream(table: database.Table) -> Stream:
    def rows(account: Account, cursor: Cursor, now: datetime) -> Iterator[Page]:
        return database_pull.pull(table, account, cursor, now)

    return Stream(table.name, {"zh": table.table, "en": table.table}, rows=rows, every=table.every)


def make(name: str, title: Title, identifiers: tuple[Identifies, ...], signals: tuple[Signal, ...]) -> Channel:
    """A channel of databases by its name, the identifiers and the signals that such a system usually has."""
    manifest = Manifest(
        name=name,
        title=title,
        ways=("pull",),
        identifiers=identifiers,
        signals=signals,
        settings=_SETTINGS,
        instructions={
            "zh": "请数据库管理员建一个只读账号，只授权需要的表；增量列和主键最好有索引。先预览表，再确认列的含义。",
            "en": "Ask for a user that may read the tables needed and nothing else; an index on the cursor and the key "
            "keeps reading cheap. Look at a table first, then confirm what its columns mean.",
        },
    )
    return Channel(
        manifest=manifest,
        read=read,
        streams_of=streams_of,
        problems=database.problems,
        attempt=database_shape.attempt,
        tables=database_shape.tables,
        shape=database_shape.shape,
    )
