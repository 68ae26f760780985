"""list list|upload|show|members|unmatched|delete."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from onepool.api.usage import users_of
from onepool.audience import lists
from onepool.audience.lists import LISTS, ListError, ListSize, parse_list
from onepool.audience.lists.log import history
from onepool.cli.output import HERE, Json, WorkspaceDir, author, opened, say, show_json, show_table, worded
from onepool.errors import UsageError
from onepool.pool import PoolBusy
from onepool.privacy.masking import mask_identifier
from onepool.tick import Worker, WorkerBusy
from onepool.workspace import Workspace

commands = typer.Typer(help="Lists: customers by uploaded identifiers, or copies of segments.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The list's name.")]
Limit = Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many rows.")]


@commands.command("list")
def list_all(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All lists with their sizes.

    Example: onepool list list
    """
    workspace = opened(folder)
    with workspace.pool.read() as session:
        sizes = lists.sizes(session)
    rows = []
    for item in workspace.definitions.current(LISTS):
        size, one = sizes.get(item.name, ListSize()), parse_list(item.body)
        title = one.title.zh if workspace.settings.language.startswith("zh") else one.title.en
        rows.append({"list": item.name, "title": title, "kind": one.source, **_sizes(size)})
    show_json(rows) if as_json else show_table(rows)


@commands.command("upload")
def upload(
    name: Name,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, Excel, text, JSON lines, Parquet.")],
    kind: Annotated[
        str | None,
        typer.Option(
            "--type", help="phone, member_no@crm, openid@wx… or customer; by default as the column's name says."
        ),
    ] = None,
    mode: Annotated[Literal["add", "replace", "remove"], typer.Option(help="What to do with the list.")] = "add",
    column: Annotated[str | None, typer.Option(help="Name or number of the column; by default found out.")] = None,
    header: Annotated[bool | None, typer.Option(help="Whether the first row has names; by default found out.")] = None,
    title: Annotated[str | None, typer.Option(help="Of a list that is made by this.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what would happen.")] = False,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Put the identifiers of a file on a list, in place of what is on it, or take them off.

    The list is made if there is none.

    Example: onepool list upload do_not_disturb numbers.csv --type phone
    """
    workspace = opened(folder)
    if workspace.definitions.get(LISTS, name) is None:
        body = {"list": name, "title": title or name}
        parse_list(body)
        if check:
            raise UsageError(f"there is no list {name} yet", hint="without --check it is made")
        workspace.save(LISTS, name, body, author=author())
    done = lists.upload_list(
        workspace, name, file, author=author(), type=kind, mode=mode, column=column, header=header, check=check
    )
    if not check:
        follow(workspace)
    counts = {one: getattr(done, one) for one in ("read", "entries", "matched", "unmatched", "duplicates", "refused")}
    refusals = [{"row": one.row, "why": one.why, "value": one.value} for one in done.refusals]
    if as_json:
        show_json(
            {"list": name, "mode": mode, "type": done.type, "column": done.column, **counts, "refusals": refusals}
        )
        return
    told = (
        "{name}: read {read:,}, entries {entries:,}, matched {matched:,}, unmatched {unmatched:,}, "
        "duplicates {duplicates:,}, refused {refused:,} ({type})"
    )
    say(worded(told, name=name, type=done.type, **counts))
    if refusals:
        show_table(refusals[:20], "refused")


@commands.command("show")
def show(name: Name, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """One list: its size, who uses it, its latest uploads.

    Example: onepool list show do_not_disturb
    """
    workspace = opened(folder)
    one = parse_list(_body(workspace, name))
    with workspace.pool.read() as session:
        size = lists.sizes(session, [name]).get(name, ListSize())
    used = users_of(workspace.definitions, LISTS).get(name, [])
    changes = [
        {"at": change.at.isoformat(timespec="seconds"), "mode": change.mode, "author": change.author,
         "source": change.source, "read": change.read, "entries": change.entries, "refused": change.refused}
        for change in history(workspace.state, name, 10)
    ]  # fmt: skip
    if as_json:
        show_json({**one.canonical(), **_sizes(size), "used_by": used, "changes": changes})
        return
    title = one.title.zh if workspace.settings.language.startswith("zh") else one.title.en
    told = "{name}  {title}: customers {customers:,}, entries {entries:,}, unmatched {unmatched:,}"
    say(worded(told, name=name, title=title, **_sizes(size)))
    say(worded("used by: {names}", names=", ".join(used)) if used else worded("used by nothing"))
    show_table(changes)


@commands.command("members")
def members(name: Name, limit: Limit = 100, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """Who is on a list now, the latest first.

    Example: onepool list members do_not_disturb --limit 1000 --json
    """
    workspace = opened(folder)
    _body(workspace, name)
    with workspace.pool.read() as session:
        rows = lists.members(session, name, limit=limit).to_pylist()
    show_json(rows) if as_json else show_table(rows)


@commands.command("unmatched")
def unmatched(name: Name, limit: Limit = 100, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """Entries that nobody is known by yet, masked.

    Example: onepool list unmatched do_not_disturb
    """
    workspace = opened(folder)
    _body(workspace, name)
    with workspace.pool.read() as session:
        found = lists.unmatched(session, name, limit=limit).to_pylist()
    rows = [{**row, "value": mask_identifier(row["type"], row["value"])[0]} for row in found]
    show_json(rows) if as_json else show_table(rows)


@commands.command("delete")
def delete(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; kept in the history.")] = "",
    folder: WorkspaceDir = HERE,
) -> None:
    """Retire a list and forget its entries. Refused while a definition asks for it.

    Example: onepool list delete spring_2026
    """
    workspace = opened(folder)
    _body(workspace, name)
    used = users_of(workspace.definitions, LISTS).get(name, [])
    if used:
        raise ListError(f"it is used by {', '.join(used)}", where=name, code="list-in-use")
    lists.delete_list(workspace, name, author=author(), reason=reason)
    follow(workspace)
    say(worded("{name}: deleted", name=name))


def _body(workspace: Workspace, name: str) -> dict[str, object]:
    found = workspace.definitions.get(LISTS, name)
    if found is None:
        raise ListError("there is no such list", where=name, code="list-unknown", hint="onepool list list")
    return found.body


def _sizes(size: ListSize) -> dict[str, int]:
    return {"customers": size.customers, "entries": size.entries, "unmatched": size.unmatched}


def follow(workspace: Workspace) -> None:
    """Have the pool follow now, as the last thing; a running server does it by itself."""
    try:
        worker = Worker(workspace)
    except (PoolBusy, WorkerBusy):
        return
    try:
        worker.drain()
    finally:
        worker.close()
        workspace.close()
