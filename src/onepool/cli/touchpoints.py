"""touchpoint list|show|test|send|secret|arrivals, and sync."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
import yaml

from onepool import connect
from onepool.channels import registry
from onepool.channels.base import Message
from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table
from onepool.collect import pulls, tables
from onepool.collect.accounts import make_account
from onepool.collect.touchpoint import Touchpoint
from onepool.errors import UsageError
from onepool.privacy import audit
from onepool.privacy.masking import mask_text
from onepool.workspace import Workspace

commands = typer.Typer(help="Touchpoints: accounts, shops, apps and sites.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The touchpoint's name.")]


def register(app: typer.Typer) -> None:
    """Add `sync` to the application."""
    app.command("sync")(sync)


@commands.command("list")
def list_all(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All touchpoints: channel, what is missing, how fetching goes.

    Example: onepool touchpoint list
    """
    workspace = opened(folder)
    failing = {one.touchpoint: one.error for one in pulls.states(workspace.state) if one.error}
    rows = []
    for touchpoint in workspace.touchpoints().values():
        state = "paused" if touchpoint.paused else "failing" if touchpoint.name in failing else "ok"
        rows.append(
            {
                "touchpoint": touchpoint.name,
                "channel": touchpoint.channel,
                "title": touchpoint.title.get("zh", ""),
                "state": state,
                "sandbox": "yes" if touchpoint.sandbox else "",
                "error": failing.get(touchpoint.name, ""),
            }
        )
    show_json(rows) if as_json else show_table(rows)


@commands.command("channels")
def list_channels(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All channels that can be connected, and the settings that each asks for.

    Example: onepool touchpoint channels
    """
    del folder
    rows = [
        {
            "channel": manifest.name,
            "title": manifest.title.get("zh", ""),
            "ways": ", ".join(manifest.ways),
            "settings": ", ".join(f"{one.name}{'*' if one.required else ''}" for one in manifest.settings),
            "messages": ", ".join(one.name for one in manifest.messages),
        }
        for manifest in registry.manifests()
    ]
    show_json(rows) if as_json else show_table(rows)


@commands.command("test")
def test(name: Name, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """Try a touchpoint's settings, up to one harmless call to the platform.

    Example: onepool touchpoint test official_account
    """
    workspace = opened(folder)
    steps = connect.test(workspace, _get(workspace, name))
    rows = [{"step": one.code, "ok": one.ok, "message": one.message, "hint": one.hint} for one in steps]
    show_json(rows) if as_json else show_table(rows)
    if not all(step.ok for step in steps):
        raise typer.Exit(1)


@commands.command("secret")
def secret(
    name: Name,
    setting: Annotated[str, typer.Argument(help="The setting, for example app_secret.")],
    folder: WorkspaceDir = HERE,
) -> None:
    """Keep a secret, read from standard input, in a file for the owner only; prints the reference to write into YAML.

    Example: onepool touchpoint secret official_account app_secret < secret.txt
    """
    workspace = opened(folder)
    value = sys.stdin.readline().rstrip("\n")
    say(connect.put_secret(workspace.data, name, setting, value))
    audit.record(workspace.state, workspace.clock, author(), "secret.keep", f"touchpoint:{name}", {"setting": setting})


@commands.command("send")
def send(
    name: Name,
    kind: Annotated[str, typer.Option(help="Kind of message, for example text.")],
    to: Annotated[list[str], typer.Option(help="type=value, for example openid=oABC; may be given several times.")],
    content: Annotated[str, typer.Option(help="The content as JSON.")] = "{}",
    folder: WorkspaceDir = HERE,
) -> None:
    """Send one message by hand, to see whether it arrives.

    Example: onepool touchpoint send official_account --kind text --to openid=oABC --content '{"content": "你好"}'
    """
    workspace = opened(folder)
    pairs = dict(one.partition("=")[::2] for one in to)
    try:
        parsed = json.loads(content)
    except ValueError as error:
        raise UsageError(f"--content is not JSON: {error}") from error
    key = f"cli-{workspace.clock.now().timestamp():.6f}"[:32]
    receipt = connect.send(workspace, _get(workspace, name), Message(kind, pairs, parsed, key))
    show_json(
        {
            "state": receipt.state,
            "reason": receipt.reason,
            "code": receipt.code,
            "provider_id": receipt.provider_id,
            "detail": mask_text(receipt.detail),
        }
    )
    if receipt.state in ("refused", "unknown"):
        raise typer.Exit(1)


@commands.command("arrivals")
def arrivals(
    name: Name,
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many.")] = 5,
    folder: WorkspaceDir = HERE,
) -> None:
    """The latest that came in, raw beside what the standard made of it (as JSON, personal data masked).

    Example: onepool touchpoint arrivals official_account
    """
    workspace = opened(folder)
    touchpoint = _get(workspace, name)
    records = connect.records_of(workspace.log, name, limit)
    found = connect.arrivals(records, workspace.standard(), workspace.standard_settings, touchpoint)
    with workspace.pool.read() as session:
        repeated = connect.repeats(session, found)
    rows: list[dict[str, Any]] = [
        {
            "offset": one.offset,
            "received_at": one.received_at,
            "raw": one.raw,
            "standard": one.standard,
            "refused": [fault[:3] for fault in one.refused],
            "repeated": one.offset in repeated,
        }
        for one in found
    ]
    typer.echo(mask_text(json.dumps(rows, ensure_ascii=False, indent=2, default=str)))


@commands.command("tables")
def show_tables(
    name: Name,
    table: Annotated[str | None, typer.Argument(help="A table to look at; without it all are listed.")] = None,
    kind: Annotated[str | None, typer.Option(help=f"What its rows are: {', '.join(tables.KINDS)}.")] = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Look into a touchpoint's database: its tables, or one with masked rows and a proposed mapping.

    Example: onepool touchpoint tables erp sale_order --kind order
    """
    workspace = opened(folder)
    touchpoint = _get(workspace, name)
    account = make_account(touchpoint, workspace.data, workspace.sandbox)
    if table is None:
        rows = [{"table": one} for one in tables.names(account)]
        show_json(rows) if as_json else show_table(rows)
        return
    found = tables.look(account, touchpoint, table, workspace.standard(), kind)
    audit.record(workspace.state, workspace.clock, author(), "query.run", f"touchpoint:{name}", {"table": table[:128]})
    columns = [
        {
            "column": one.name,
            "type": one.type,
            "key": "key" if one.key else "index" if one.indexed else "",
            "use": use,
            "first": (found.rows[0][number] or "") if found.rows else "",
        }
        for number, (one, use) in enumerate(zip(found.columns, found.uses, strict=True))
    ]
    if as_json:
        show_json({"columns": columns, "proposal": found.proposal})
        return
    show_table(columns)
    say(yaml.safe_dump([found.proposal], allow_unicode=True, sort_keys=False).rstrip())


def sync(
    name: Annotated[str, typer.Argument(help="The touchpoint to fetch from.")],
    stream: Annotated[str | None, typer.Option(help="Only this stream, for example orders.")] = None,
    again: Annotated[bool, typer.Option("--from-start", help="Forget where it stood.")] = False,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Fetch from a platform or a database now, from where it stood.

    Example: onepool sync tmall_shop --stream orders
    """
    workspace = opened(folder)
    touchpoint = _get(workspace, name)
    puller = workspace.puller()
    rows = []
    try:
        if again:
            for state in pulls.states(workspace.state, touchpoint.name):
                if stream in (None, state.stream):
                    pulls.begin_again(workspace.state, touchpoint.name, state.stream)
        for run in puller.sync(name, stream):
            rows.append({"stream": run.stream, "pages": run.pages, "bytes": run.bytes, "error": run.error})
            if not as_json:
                note(f"{run.stream}: {run.pages} pages" + (f", stopped: {run.error}" if run.error else ""))
    finally:
        puller.close()
    if as_json:
        show_json(rows)
    else:
        show_table(rows)
    if any(row["error"] for row in rows):
        raise typer.Exit(1)


def _get(workspace: Workspace, name: str) -> Touchpoint:
    found = workspace.touchpoints().get(name)
    if found is None:
        raise UsageError(f"there is no touchpoint {name}", hint="onepool touchpoint list shows all")
    return found
