"""consent show|withdraw|grant|link|ledger|notices|check."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from onepool.api.lookup import find_customer
from onepool.audience.conditions.standing.consents import seen_purposes
from onepool.audience.conditions.standing.ways import ways_of
from onepool.cli.output import HERE, Json, WorkspaceDir, author, headed, opened, say, show_json, show_table
from onepool.clock import to_micros
from onepool.collect.preference_words import Choice
from onepool.errors import OnePoolError, UsageError
from onepool.pool import customers
from onepool.privacy.consents import ledger, notices
from onepool.reach import statements, suppression
from onepool.reach.spelling import channels_of, check_spelling
from onepool.workspace import Workspace

commands = typer.Typer(
    help="Consent: how customers stand, what they said, texts they were shown.", no_args_is_help=True
)
Who = Annotated[str, typer.Argument(help="A customer's number, or type:value such as phone:13912345678.")]
Purposes = Annotated[str, typer.Option(help="One or several with commas; `all`: every one.")]
Channel = Annotated[str, typer.Option(help="Empty: every channel.")]
Category = Annotated[str, typer.Option(help="Of messages; empty: every one.")]
Reason = Annotated[str, typer.Option(help="How and where the person said so; kept in the audit trail.")]

_SHOWN = ("marketing", "service")


@commands.command("show")
def show(who: Who, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """How a customer stands for each purpose and channel, and what they said.

    Example: onepool consent show phone:13912345678
    """
    workspace = opened(folder)
    customer, nodes = _whose(workspace, who)
    channels = ("", *sorted(ways_of(workspace.touchpoints().values())))
    asked = [(purpose, "", channel) for purpose in _SHOWN for channel in channels]
    at = to_micros(workspace.clock.now())
    with workspace.state.read() as connection:
        found = statements.standing(connection, customer, nodes, asked, at)
        words = ledger.history(connection, nodes, limit=50)
        stopped = suppression.entries(connection, nodes=nodes, live_at=at)
    standings = [
        {"purpose": one.purpose, "channel": one.channel or "*", "granted": one.granted,
         "since": one.proof.time.isoformat(timespec="seconds") if one.proof else "",
         "source": one.proof.source if one.proof else "", "stopped": one.stopped or ""}
        for one in found
    ]  # fmt: skip
    history = _rows(words)
    stops = [
        {"id": one.id, "reason": one.reason, "channel": one.channel or "*", "category": one.category or "*",
         "source": one.source, "at": one.at.isoformat(timespec="seconds")}
        for one in stopped
    ]  # fmt: skip
    if as_json:
        show_json({"customer_id": customer, "standings": standings, "history": history, "suppressions": stops})
        return
    show_table(standings, headed("customer {customer}", customer=customer))
    show_table(history, "what was said, the latest first")
    show_table(stops, "gets nothing")


@commands.command("withdraw")
def withdraw(
    who: Who,
    reason: Reason,
    purpose: Purposes = "marketing",
    channel: Channel = "",
    category: Category = "",
    folder: WorkspaceDir = HERE,
) -> None:
    """Write down that a person withdraws. In force at once.

    Example: onepool consent withdraw phone:13912345678 --purpose all --reason "called the service line"
    """
    _say(opened(folder), who, Choice(False, purpose, channel, category), reason)


@commands.command("grant")
def grant(
    who: Who,
    reason: Reason,
    purpose: Purposes = "marketing",
    channel: Channel = "",
    category: Category = "",
    notice: Annotated[str, typer.Option(help="name@version of the text that was shown.")] = "",
    folder: WorkspaceDir = HERE,
) -> None:
    """Write down that a person agrees; the pool follows with the next tick.

    Example: onepool consent grant 4711 --purpose service --reason "signed form 2026-11-20"
    """
    _say(opened(folder), who, Choice(True, purpose, channel, category), reason, notice)


@commands.command("link")
def link(who: Who, folder: WorkspaceDir = HERE) -> None:
    """A link to the customer's own preference page; shown once.

    Example: onepool consent link phone:13912345678
    """
    workspace = opened(folder)
    customer, nodes = _whose(workspace, who)
    say(statements.page_link(workspace.state, workspace.clock, customer, nodes, actor=author()))


@commands.command("ledger")
def show_ledger(
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 100,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """What everybody said, the latest first.

    Example: onepool consent ledger --limit 1000 --json
    """
    workspace = opened(folder)
    with workspace.state.read() as connection:
        rows = _rows(ledger.history(connection, limit=limit))
    show_json(rows) if as_json else show_table(rows)


@commands.command("notices")
def show_notices(
    name: Annotated[str | None, typer.Argument(help="Save a new version of this notice.")] = None,
    text: Annotated[list[str] | None, typer.Option("--text", help="language=FILE, once for each language.")] = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Texts that people are shown, in every version; with a name and files a new version.

    Example: onepool consent notices preference_page --text zh=notice.zh.txt --text en=notice.en.txt
    """
    workspace = opened(folder)
    if name is not None:
        files = [one.partition("=") for one in text or []]
        if not files or any(not path for _, _, path in files):
            raise UsageError("give a file for each language", hint="--text zh=notice.zh.txt")
        texts = {language: Path(path).read_text(encoding="utf-8") for language, _, path in files}
        made = notices.save(workspace.state, workspace.clock, name, texts, author=author())
        say(f"{made.label}: {', '.join(sorted(made.texts))}")
        return
    with workspace.state.read() as connection:
        found = notices.every(connection)
    rows = [
        {"notice": one.label, "language": language, "sha256": digest, "at": one.at.isoformat(timespec="seconds"),
         "author": one.author}
        for one in found
        for language, digest in sorted(one.hashes.items())
    ]  # fmt: skip
    show_json(rows) if as_json else show_table(rows)


@commands.command("check")
def check(
    mend: Annotated[bool, typer.Option("--mend", help="Make what holds anew from the ledger.")] = False,
    folder: WorkspaceDir = HERE,
) -> None:
    """Whether what holds is the fold of the ledger, word for word.

    Example: onepool consent check
    """
    workspace = opened(folder)
    if mend:
        with workspace.state.write() as connection:
            ledger.refold(connection)
    with workspace.state.read() as connection:
        wrong = ledger.differences(connection)
    if wrong:
        raise OnePoolError(f"{wrong} rows are not what the ledger says", hint="onepool consent check --mend")
    say("what holds is what the ledger says")


def _say(workspace: Workspace, who: str, choice: Choice, reason: str, notice: str = "") -> None:
    channels = channels_of(workspace.standard(), (one.channel for one in workspace.touchpoints().values()))
    with workspace.pool.read() as session:
        purposes = seen_purposes(session)
    check_spelling(choice.channel, choice.purpose, choice.category, channels=channels, purposes=purposes)
    customer, nodes = _whose(workspace, who)
    offset = statements.state_for(
        workspace.state, workspace.log, workspace.clock, customer, nodes, [choice], actor=author(), method="cli",
        reason=reason, notice=notice,
    )  # fmt: skip
    say(f"customer {customer}: {'granted' if choice.yes else 'withdrawn'} (log record {offset})")


def _whose(workspace: Workspace, who: str) -> tuple[int, list[int]]:
    with workspace.pool.read() as session:
        customer = find_customer(session, who, workspace.standard(), workspace.settings.country)
        if customer is None:
            raise OnePoolError("nobody, or more than one, is meant", where=who, code="customer-unknown")
        return customer, customers.identifier_ids(session, customer)


def _rows(words: Sequence[ledger.Entry]) -> list[dict[str, object]]:
    return [
        {"id": one.id, "identifier": one.identifier_id, "purpose": one.purpose, "category": one.category or "*",
         "channel": one.channel or "*", "granted": one.granted, "time": one.time.isoformat(timespec="seconds"),
         "source": one.source, "notice": one.notice}
        for one in words
    ]  # fmt: skip
