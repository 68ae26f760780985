"""message list|show|check|preview|test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import JsonValue

from onepool import connect, yaml_core
from onepool.api.lookup import find_customer
from onepool.channels.base import Message as Outgoing
from onepool.cli.output import HERE, Json, WorkspaceDir, author, opened, say, show_json, show_table
from onepool.clock import to_micros
from onepool.errors import UsageError
from onepool.privacy import audit
from onepool.privacy.masking import mask_identifier
from onepool.reach import coupons, messages
from onepool.reach.messages.check import Findings
from onepool.reach.messages.preview import Mask, Preview, as_test, preview
from onepool.reach.messages.store import KIND
from onepool.reach.messages.testing import tests_left
from onepool.standards import Standard
from onepool.standards.personal import hidden_of
from onepool.workspace import Workspace

commands = typer.Typer(help="Messages: what is said on each channel.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(help="The message as a YAML file, or the name of a saved one.")]
Template = Annotated[str | None, typer.Option("--template", help="Which of its contents (default: the first).")]
Values = Annotated[
    list[str] | None,
    typer.Option("--value", help="A value as SOURCE=VALUE (trigger.product_name=Milk) or VARIABLE=VALUE; repeatable."),
]


@commands.command("list")
def list_messages(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All messages: channels, version, what is wrong with them.

    Example: onepool message list
    """
    ws = opened(folder)
    around = _around(ws)
    rows = []
    for item in ws.definitions.current(KIND):
        message, found = _checked(item.body, around)
        rows.append(
            {
                "message": item.name,
                "category": "" if message is None else message.category,
                "channels": "" if message is None else ", ".join(sorted({one.channel for one in message.contents})),
                "version": item.version,
                "problems": len(found.problems),
                "warnings": len(found.warnings),
            }
        )
    show_json(rows) if as_json else show_table(rows)


@commands.command("show")
def show_message(name: Which, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """One message: its contents and what they need to be told.

    Example: onepool message show cart_coupon
    """
    ws = opened(folder)
    message = messages.parse_message(_body(ws, name))
    needs = messages.needs(message)
    if as_json:
        show_json({"definition": message.canonical(), "needs": asdict(needs)})
        return
    say(f"{message.message}  {message.category}, purpose {message.purpose or 'of the category'}")
    rows = []
    for one in message.contents:
        kind = messages.kind_of(one.channel, one.kind, message.category)
        rows.append(
            {"template": one.template, "channel": one.channel, "kind": "?" if kind is None else kind.name,
             "content": json.dumps(one.content, ensure_ascii=False)}
        )  # fmt: skip
    show_table(rows)
    say(f"needs of a journey: {', '.join(needs.run) or 'nothing'}")
    say(f"needs of the customer: {', '.join([*needs.attributes, *needs.tags]) or 'nothing'}")


@commands.command("check")
def check_message(name: Which, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """What is wrong with a message (exit status 1), what its author should look at, how long its texts become.

    Example: onepool message check messages/cart.yaml
    """
    ws = opened(folder)
    _, found = _checked(_body(ws, name), _around(ws))
    if as_json:
        show_json(asdict(found))
    else:
        for one in found.problems:
            say(f"✗ {one}")
        for one in found.warnings:
            say(f"! {one}")
        for template, length in found.lengths.items():
            most = "without end" if length.most is None else f"{length.most} characters, {length.most_segments} parts"
            say(f"  {template}: from {length.least} characters, {length.segments} parts, to {most}")
        if not found.problems:
            say("it can be used")
    if found.problems:
        raise typer.Exit(1)


@commands.command("preview")
def preview_message(
    name: Which,
    customer: Annotated[
        str | None, typer.Option("--customer", help="customer_id, or an identifier as type:value (default: samples).")
    ] = None,
    template: Template = None,
    value: Values = None,
    clear: Annotated[bool, typer.Option("--clear", help="Show names and personal values.")] = False,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """A message as a customer would get it; personal values are masked.

    Example: onepool message preview cart_coupon --template CART_COUPON_SMS --customer phone:13800000000
    """
    ws = opened(folder)
    found = _preview(ws, _body(ws, name), template, value, customer, clear=clear)
    if as_json:
        show_json(asdict(found))
        return
    if found.problem is not None:
        say(f"✗ would not be sent: {found.problem}")
    elif found.text is not None:
        say(found.text)
        say(f"{found.characters} characters, {found.segments} parts")
    else:
        say(json.dumps(found.content, ensure_ascii=False, indent=2))
    show_table(
        [{"variable": one.name, "from": one.source, "value": one.value, "by": one.origin} for one in found.values]
    )


@commands.command("test")
def test_message(
    name: Annotated[str, typer.Argument(help="A saved message.")],
    touchpoint: Annotated[str, typer.Option("--touchpoint", help="The account that sends it.")],
    to: Annotated[list[str], typer.Option("--to", help="An address of your own as TYPE=VALUE (phone=138…).")],
    template: Template = None,
    value: Values = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Send a message with sample values to an address of your own.

    Example: onepool message test cart_coupon --template CART_COUPON_SMS --touchpoint sms --to phone=13800000000
    """
    ws = opened(folder)
    item = ws.definitions.get(KIND, name)
    if item is None:
        raise UsageError(f"there is no message {name}", hint="see: onepool message list")
    found = _preview(ws, item.body, template, value, None, clear=True)
    account = ws.touchpoints().get(touchpoint)
    if account is None or account.channel != found.channel:
        raise UsageError(f"there is no touchpoint {touchpoint} of {found.channel}")
    if found.content is None or found.kind is None:
        raise UsageError(found.problem or "this content can't be sent", where=found.template)
    tests_left(ws.state, ws.clock.now(), ws.settings.messages.tests_per_day)
    addresses = _pairs(to, "--to")
    shown = {kind: mask_identifier(kind, address)[0] for kind, address in addresses.items()}
    detail: dict[str, JsonValue] = {
        "touchpoint": touchpoint,
        "template": found.template,
        "version": item.version,
        "to": dict(shown),
    }
    audit.record(ws.state, ws.clock, author(), "message.test", f"message:{name}", detail)
    key = f"test-{to_micros(ws.clock.now()):x}-{name}"[:32]
    receipt = connect.send(ws, account, Outgoing(found.kind, addresses, as_test(found.channel, found.content), key))
    row = {"state": receipt.state, "reason": receipt.reason, "code": receipt.code, "detail": receipt.detail}
    show_json(row) if as_json else show_table([row])
    if receipt.state in ("refused", "unknown"):
        raise typer.Exit(1)


def _preview(
    ws: Workspace, body: Mapping[str, Any], template: str | None, value: list[str] | None, customer: str | None, *,
    clear: bool,
) -> Preview:  # fmt: skip
    around = _around(ws)
    message = messages.usable_message(body, around)
    content = message.contents[0] if template is None else message.content(template)
    if content is None:
        told = ", ".join(one.template for one in message.contents)
        raise UsageError(f"there is no content {template}", hint=f"there are {told}")
    values = _pairs(value or [], "--value")
    if customer is None:
        return preview(message, content, around, ws.clock, values=values)
    with ws.pool.read() as session:
        number = find_customer(session, customer, around.standard, ws.settings.country)
        if number is None:
            raise UsageError(
                f"no customer is known as {customer}", hint="give a customer_id or an identifier as type:value"
            )
        mask = None if clear else _mask(around.standard)
        return preview(message, content, around, ws.clock, session=session, customer=number, values=values, mask=mask)


def _mask(standard: Standard) -> Mask:
    hidden = hidden_of(standard)
    return lambda name, value: hidden.attribute(name, value, with_names=False)[0]


def _around(ws: Workspace) -> messages.Surroundings:
    with ws.state.read() as connection:
        batches = coupons.all_batches(connection)
    tags = [item.name for item in ws.definitions.current("tag")]
    return messages.surroundings(ws.settings, ws.standard(), tags, ws.touchpoints(), list(batches.values()))


def _checked(body: Mapping[str, Any], around: messages.Surroundings) -> tuple[messages.Message | None, Findings]:
    try:
        message = messages.parse_message(body)
    except messages.MessageError as error:
        return None, Findings(list(error.problems))
    return message, messages.check_message(message, around)


def _body(ws: Workspace, name: str) -> dict[str, Any]:
    path = Path(name)
    if path.suffix in (".yaml", ".yml") and path.exists():
        try:
            found = yaml_core.load_all(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise UsageError(f"not readable as YAML: {error}", where=path.name) from error
        if len(found) != 1 or not isinstance(found[0], dict):
            raise UsageError("one message, written as a mapping, is wanted", where=path.name)
        return found[0]
    item = ws.definitions.get(KIND, name)
    if item is None:
        raise UsageError(f"there is no file and no message {name}", hint="see: onepool message list")
    return item.body


def _pairs(given: list[str], option: str) -> dict[str, str]:
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} is written NAME=VALUE, not {one}")
        found[name.strip()] = value
    return found
