"""user add|list|password|disable and key add|list|revoke."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated

import typer

from onepool.cli.output import HERE, Json, WorkspaceDir, author, opened, say, show_json, show_table
from onepool.errors import UsageError
from onepool.privacy import api_keys
from onepool.privacy import users as accounts
from onepool.privacy.roles import Role

users = typer.Typer(help="People who may sign in.", no_args_is_help=True)
keys = typer.Typer(help="API keys for programs.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The user's e-mail address.")]
RoleOption = Annotated[Role, typer.Option(help="What it may do.")]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of making one.")
]


@users.command("add")
def add_user(
    email: Email,
    role: RoleOption = Role.MARKETER,
    name: Annotated[str, typer.Option(help="The name shown.")] = "",
    from_input: FromInput = False,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Make a user. Without --password-stdin a password is made and shown once.

    Example: onepool user add mei@brand.com --role analyst --name 梅
    """
    workspace = opened(folder)
    password, made = _password(from_input)
    user = accounts.create_user(
        workspace.state, workspace.clock, email=email, name=name, role=role, password=password, actor=_actor()
    )
    _tell(f"user {user.email} made with the role {user.role}", user.email, password if made else None, as_json)


@users.command("list")
def list_users(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All users.

    Example: onepool user list
    """
    rows = [
        {
            "id": user.id,
            "email": user.email,
            "name": user.name,
            "role": user.role.value,
            "disabled": user.disabled,
            "since": user.created_at.isoformat(timespec="seconds"),
        }
        for user in accounts.list_users(opened(folder).state)
    ]
    if as_json:
        show_json(rows)
    else:
        show_table(rows)


@users.command("password")
def new_password(
    email: Email, from_input: FromInput = False, folder: WorkspaceDir = HERE, as_json: Json = False
) -> None:
    """Give a user a new password; all sessions of the user end.

    Example: onepool user password mei@brand.com
    """
    workspace = opened(folder)
    password, made = _password(from_input)
    accounts.set_password(workspace.state, workspace.clock, email, password, actor=_actor())
    _tell(f"{email} has a new password", email, password if made else None, as_json)


@users.command("disable")
def disable_user(email: Email, folder: WorkspaceDir = HERE) -> None:
    """Lock a user out, at once.

    Example: onepool user disable mei@brand.com
    """
    workspace = opened(folder)
    accounts.disable_user(workspace.state, workspace.clock, email, actor=_actor())
    say(f"{email} can't sign in any more")


@keys.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    role: RoleOption = Role.ANALYST,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Make an API key. It is shown once.

    Example: onepool key add "nightly report" --role analyst
    """
    workspace = opened(folder)
    key, secret = api_keys.create_key(workspace.state, workspace.clock, name=name, role=role, actor=_actor())
    if as_json:
        show_json({"id": key.id, "name": key.name, "role": key.role.value, "key": secret})
        return
    say(f"key {key.id} ({key.name}) made with the role {key.role}")
    say(f"{secret}   (shown only now)")


@keys.command("list")
def list_keys(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All API keys, never their secrets.

    Example: onepool key list
    """
    rows = [
        {
            "id": key.id,
            "name": key.name,
            "role": key.role.value,
            "since": key.created_at.isoformat(timespec="seconds"),
            "last_used": key.last_used_at and key.last_used_at.isoformat(timespec="seconds"),
            "revoked": key.revoked_at and key.revoked_at.isoformat(timespec="seconds"),
        }
        for key in api_keys.list_keys(opened(folder).state)
    ]
    if as_json:
        show_json(rows)
    else:
        show_table(rows)


@keys.command("revoke")
def revoke_key(
    number: Annotated[int, typer.Argument(help="Its id, as `list` shows it.")], folder: WorkspaceDir = HERE
) -> None:
    """Make an API key useless, at once.

    Example: onepool key revoke 3
    """
    workspace = opened(folder)
    api_keys.revoke_key(workspace.state, workspace.clock, number, actor=_actor())
    say(f"key {number} is revoked")


def _password(from_input: bool) -> tuple[str, bool]:
    """(password, whether it was made here)."""
    if not from_input:
        return secrets.token_urlsafe(18), True
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UsageError("standard input has no password", hint="write it as the first line")
    return password, False


def _actor() -> str:
    return f"cli:{author()}"


def _tell(text: str, email: str, password: str | None, as_json: bool) -> None:
    if as_json:
        show_json({"email": email, **({"password": password} if password else {})})
        return
    say(text)
    if password:
        say(f"password: {password}   (shown only now)")
