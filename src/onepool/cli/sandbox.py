"""sandbox, sandbox act|acts|ledger|inbox|people|scenarios."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from onepool.cli.output import Json, note, opened, show_json, show_table
from onepool.collect.doubles import ask
from onepool.errors import UsageError
from onepool.workspace import Workspace

PORT = 8100

Port = Annotated[int, typer.Option(envvar="SANDBOX_PORT", help="Port on this machine.", min=1, max=65535)]

_help = "Local doubles of the platforms, for trying everything without an account (loopback only)."


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(help=_help, invoke_without_command=True)
    group.callback()(run)
    group.command("act")(act)
    group.command("acts")(acts)
    group.command("ledger")(ledger)
    group.command("inbox")(inbox)
    group.command("people")(people)
    group.command("scenarios")(scenarios)
    app.add_typer(group, name="sandbox")


def run(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option(envvar="SANDBOX_PORT", help="Port (default: 8100, another if it is taken).", min=1, max=65535),
    ] = None,
    scenario: Annotated[str | None, typer.Option(help="A scenario file, or an example's name.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the scenario's.")] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", envvar="WORKSPACE", help="Play the platforms of this workspace's accounts."),
    ] = None,
    server: Annotated[str | None, typer.Option(help="Where the hooks are (default: the scenario's).")] = None,
) -> None:
    """Run the doubles: touchpoints with `sandbox: true` speak to them, and they push to the touchpoints' hooks.

    Example: onepool sandbox --workspace mybrand --scenario brand
    """
    if context.invoked_subcommand is not None:
        return
    from msgspec.structs import replace

    # Imported here, like the server: other commands need none of it.
    from onepool.sandbox import ALONE, DEFAULT, known, listen, listen_near, load, open_sandbox, serve

    workspace = opened(folder) if folder is not None else None
    chosen = load(scenario or (DEFAULT if workspace is not None else ALONE))
    if seed is not None:
        chosen = replace(chosen, seed=seed)
    told: list[str] = []
    sandbox = open_sandbox(workspace, chosen, told=told)
    hooks = server or chosen.server

    def ready(opened_port: int) -> None:
        note(f"sandbox: {chosen.scenario} (seed {chosen.seed}, {len(sandbox.world)} people)")
        note(f"  platforms  http://127.0.0.1:{opened_port}/CHANNEL/ENDPOINT")
        note(f"  hooks      {hooks}/hooks/TOUCHPOINT")
        for name, double in sandbox.doubles.items():
            note(f"  {name} ({double.channel}): {', '.join(double.acts())}")
        if any(double.channel == "email" for double in sandbox.doubles.values()):
            note(f"  mails      127.0.0.1:{opened_port + 1} (SMTP)")
        for line in told:
            note(f"  left out   {line}")
        if opened_port != PORT:
            note(f"  try        onepool sandbox acts --port {opened_port}")

    listener = listen(port) if port is not None else listen_near(_wanted(workspace))
    with known(workspace.data, listener.getsockname()[1]) if workspace is not None else nullcontext():
        serve(sandbox, listener, hooks, ready)


def _wanted(workspace: Workspace | None) -> int:
    """The port of the workspace's settings, else the usual one."""
    address = workspace.settings.sandbox if workspace is not None else None
    return urlsplit(address or "").port or PORT


def act(
    do: Annotated[str, typer.Argument(help="What somebody does: follow, message, add, order … (see `acts`).")],
    given: Annotated[list[str] | None, typer.Argument(help="name=value, as the act needs them.")] = None,
    account: Annotated[str, typer.Option(help="At which touchpoint.")] = "",
    person: Annotated[str, typer.Option(help="Who: a key, an id or a phone number; * is somebody by chance.")] = "*",
    port: Port = PORT,
) -> None:
    """Let somebody do something at a running sandbox, and see it arrive at the touchpoint.

    Example: onepool sandbox act follow code=store_01 --account oa --person xiaoyu
    """
    pairs: dict[str, Any] = {}
    for one in given or []:
        name, sign, value = one.partition("=")
        if not sign:
            raise UsageError(f"{one!r} is not name=value")
        pairs[name] = _value(value)
    body = {"do": do, "account": account, "person": person, "given": pairs}
    show_json(_asked(port, "POST", "/_/acts", json=body))


def acts(port: Port = PORT) -> None:
    """What people can do at each account of a running sandbox.

    Example: onepool sandbox acts
    """
    found = _asked(port, "GET", "/_/acts")
    show_table([{"account": name, "acts": ", ".join(one)} for name, one in found.items()])


def ledger(
    account: Annotated[str | None, typer.Option(help="Only this touchpoint.")] = None,
    direction: Annotated[str | None, typer.Option(help="in (calls) or out (pushes).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many.")] = 30,
    port: Port = PORT,
    as_json: Json = False,
) -> None:
    """The latest calls and pushes of a running sandbox, with their outcomes.

    Example: onepool sandbox ledger --account oa --direction in
    """
    wanted = {"touchpoint": account, "direction": direction, "limit": str(limit)}
    rows = _asked(port, "GET", "/_/ledger", params={name: value for name, value in wanted.items() if value})
    if as_json:
        show_json(rows)
        return
    columns = ("number", "at", "direction", "touchpoint", "what", "outcome")
    show_table([_shown(row, columns) | {"note": _note(row)} for row in rows])


def inbox(
    person: Annotated[str | None, typer.Option(help="Only this person's key.")] = None,
    twice: Annotated[bool, typer.Option("--twice", help="What one person got more than once.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many.")] = 30,
    port: Port = PORT,
    as_json: Json = False,
) -> None:
    """Messages that reached people of a running sandbox.

    Example: onepool sandbox inbox --person xiaoyu
    """
    params = {"limit": str(limit)} | ({"person": person} if person else {}) | ({"twice": "1"} if twice else {})
    rows = _asked(port, "GET", "/_/inbox", params=params)
    if as_json or twice:
        show_json(rows)
        return
    columns = ("number", "at", "touchpoint", "person", "kind", "key")
    show_table([
        _shown(row, columns) | {"content": json.dumps(row["content"], ensure_ascii=False)[:60]}
        for row in rows
    ])  # fmt: skip


def people(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many.")] = 20,
    port: Port = PORT,
    as_json: Json = False,
) -> None:
    """People of a running sandbox, with what platforms call them.

    Example: onepool sandbox people --limit 5
    """
    rows = _asked(port, "GET", "/_/people", params={"limit": str(limit)})
    if as_json:
        show_json(rows)
        return
    show_table([{**row, "ids": ", ".join(f"{name}={value}" for name, value in row["ids"].items())} for row in rows])


def scenarios() -> None:
    """The scenarios that come with OnePool.

    Example: onepool sandbox scenarios
    """
    from onepool.sandbox import examples, load

    show_table([{"name": name, "what": load(name).scenario, "people": load(name).people.count} for name in examples()])


def _note(row: dict[str, Any]) -> str:
    """Whom it was for, what went wrong on purpose, how often it was tried."""
    tried = f"{row['attempts']} times" if row["attempts"] > 1 else ""
    return ", ".join(one for one in (row["fault"], tried, *row["to"][:2]) if one)[:40]


def _shown(row: dict[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    """A row's columns; of its time the clock (UTC)."""
    return {name: row[name][11:19] if name == "at" else row[name] for name in columns}


def _value(text: str) -> Any:
    """true, false, numbers and JSON as they are meant; anything else as text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    # A long number is an id, and would lose its last digits.
    return text if isinstance(value, int) and not isinstance(value, bool) and len(text) > 9 else value


def _asked(port: int, method: str, path: str, **more: Any) -> Any:
    return ask(f"http://127.0.0.1:{port}", method, path, **more)
