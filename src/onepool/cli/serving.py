"""serve."""

from __future__ import annotations

import os
from typing import Annotated
from urllib.parse import urlsplit

import typer

from onepool.cli.output import HERE, WorkspaceDir, note, opened
from onepool.loading import loading
from onepool.privacy.users import ensure_admin


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("serve")(run)


def run(
    folder: WorkspaceDir = HERE,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", help="Port to listen on.", min=1, max=65535)] = 8000,
    role: Annotated[str, typer.Option(help="What to run here: all, collect, work or send.")] = "all",
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Run the platforms' doubles too, for touchpoints that use them.")
    ] = False,
) -> None:
    """Run OnePool: collectors, worker, API and console on one port.

    Example: onepool serve --workspace mybrand --port 8000
    """
    # Imported here: the server's libraries cost a second that other commands need not spend.
    with loading():
        from onepool.serve import serve

    workspace = opened(folder)
    address = f"[{host}]" if ":" in host else host

    def ready() -> None:
        note(f"OnePool serves {workspace.settings.name} (process {os.getpid()})")
        if role not in ("work", "send"):
            note(f"  open     http://{address}:{port}")
        if sandbox:
            doubles = urlsplit(workspace.sandbox or "").port
            note(f"  sandbox  {workspace.sandbox}   (try: onepool sandbox acts --port {doubles})")
        # Only now that it runs: a password printed by a start that failed would be lost.
        admin = ensure_admin(workspace.state, workspace.clock)
        if admin is not None:
            note(f"  sign in  {admin[0]}  password: {admin[1]}   (shown only now)")
        for touchpoint in workspace.touchpoints().values():
            if touchpoint.write_key:
                note(f"  collect  {touchpoint.name} ({touchpoint.channel}): write key {touchpoint.write_key}")

    serve(workspace, host, port, role, ready, sandbox=sandbox)
