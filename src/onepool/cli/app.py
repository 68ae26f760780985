"""All commands in one application. A command's module is loaded when it is asked for: starting stays quick."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from onepool import logs
from onepool.loading import loading

logs.set_up()

_REGISTERED = "register"

COMMANDS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("init", "status", "doctor", "verify", "rebuild"), ("basics", _REGISTERED)),
    "serve": ("serving", _REGISTERED),
    "import": ("imports", _REGISTERED),
    "sync": ("touchpoints", _REGISTERED),
    "sandbox": ("sandbox", _REGISTERED),
    "demo": ("demo", _REGISTERED),
    **dict.fromkeys(("query", "customer"), ("data", _REGISTERED)),
    **dict.fromkeys(("plan", "apply", "export"), ("definitions", _REGISTERED)),
    **dict.fromkeys(("map", "quality"), ("insight", _REGISTERED)),
    "tag": ("tag_models", "commands"),
    "job": ("tags", "jobs"),
    "segment": ("segments", "commands"),
    "list": ("lists", "commands"),
    "consent": ("consents", "commands"),
    "message": ("messages", "commands"),
    "coupon": ("coupons", "commands"),
    "journey": ("journey_cases", "commands"),
    "delivery": ("deliveries", "commands"),
    "broadcast": ("broadcasts", "commands"),
    "task": ("tasks", "commands"),
    "identity": ("identity", "commands"),
    "touchpoint": ("touchpoints", "commands"),
    "destination": ("destinations", "commands"),
    "quarantine": ("quarantine", "commands"),
    "user": ("admin", "users"),
    "key": ("admin", "keys"),
}
"""Command or group -> the module under `onepool.cli` that has it, and what in it: a group of commands, or the function
that registers commands with an application."""


def load(name: str) -> Any:
    """The command or group of that name."""
    module, what = COMMANDS[name]
    found = getattr(import_module(f"onepool.cli.{module}"), what)
    holder = typer.Typer(add_completion=False)
    if what == _REGISTERED:
        found(holder)
    else:
        holder.add_typer(found, name=name)
    # With a callback it is a group, however few commands it has.
    holder.callback()(_nothing)
    return typer.main.get_group(holder).commands[name]


def _nothing() -> None:
    pass


class _Commands(MutableMapping[str, Any]):
    """The commands, each loaded when it is first asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            if name not in COMMANDS:
                raise KeyError(name)
            with loading():
                self._loaded[name] = load(name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS


class _Group(TyperGroup):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Commands()


app = typer.Typer(
    name="onepool",
    cls=_Group,
    help="OnePool (一池): collect, standardise, identify, know, select, act, learn.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.callback()(_nothing)
