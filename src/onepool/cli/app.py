"""All commands in one application."""

from __future__ import annotations

import typer

from onepool import logs
from onepool.cli import (
    admin,
    basics,
    data,
    definitions,
    demo,
    destinations,
    identity,
    imports,
    insight,
    lists,
    quarantine,
    sandbox,
    segments,
    serving,
    tag_models,
    tags,
    touchpoints,
)

logs.set_up()

app = typer.Typer(
    name="onepool",
    help="OnePool (一池): collect, standardise, identify, know, select, act, learn.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for _module in (basics, serving, imports, touchpoints, sandbox, demo, data, definitions, insight):
    _module.register(app)

tag_models.register(tags.tags)
app.add_typer(tags.tags, name="tag")
app.add_typer(tags.jobs, name="job")
app.add_typer(segments.commands, name="segment")
app.add_typer(lists.commands, name="list")
app.add_typer(identity.commands, name="identity")
app.add_typer(touchpoints.commands, name="touchpoint")
app.add_typer(destinations.commands, name="destination")
app.add_typer(quarantine.commands, name="quarantine")
app.add_typer(admin.users, name="user")
app.add_typer(admin.keys, name="key")
