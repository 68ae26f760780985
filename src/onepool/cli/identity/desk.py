"""What the commands of OneID share: opening, who is meant, how things are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onepool.cli.output import author, opened, worded
from onepool.errors import UsageError

if TYPE_CHECKING:
    from onepool.api.desk import IdentityDesk
    from onepool.identity.decisions import Side
    from onepool.identity.read import Link, Node, Sources
    from onepool.workspace import Workspace

WHO = "a customer number, identifier:NUMBER, type:value or type@scope:value"
Who = Annotated[str, typer.Argument(help=f"Who is meant: {WHO}.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the decision.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]


@dataclass(frozen=True)
class Desk:
    """An open workspace and what is read of it."""

    ws: Workspace
    sources: Sources

    def whom(self, text: str) -> list[Node]:
        """The identifier that was typed, in all its tenures, the present one last."""
        from onepool.api.whom import whom

        return whom(self.sources, text, self.ws.settings.country)

    def side(self, text: str) -> Side:
        """The customer of an identifier that was typed."""
        from onepool.api.whom import side_of

        return side_of(self.sources, self.whom(text)[-1].customer_id)

    def part(self, who: str, identifiers: list[str]) -> tuple[int, set[int]]:
        """A customer and some of its identifiers, as they were typed."""
        customer = self.whom(who)[-1].customer_id
        part = set()
        for text in identifiers:
            tenures = self.whom(text)
            part.add(next((one for one in tenures if one.customer_id == customer), tenures[-1]).identifier_id)
        return customer, part

    def said(self, title: Mapping[Any, str]) -> str:
        """A text in the workspace's language."""
        return title["zh" if self.ws.settings.language.startswith("zh") else "en"]


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """The workspace in a folder. What is typed wrongly is wrong use."""
    # Loaded here: OneID brings compiled kernels that other commands need not wait for.
    from onepool.api.whom import WhomError, sources
    from onepool.identity.decisions import Decided, DecisionError

    ws = opened(folder)
    try:
        with ws.pool.read() as session:
            yield Desk(ws, sources(ws, session))
    except Decided:
        raise
    except (WhomError, DecisionError) as error:
        raise UsageError(error.message, where=error.where, hint=error.hint) from error
    finally:
        ws.close()


@contextmanager
def computing(ws: Workspace) -> Iterator[IdentityDesk]:
    """The desk that previews and matches: the running server's, or one of our own."""
    from onepool.api.remote_desk import RemoteDesk
    from onepool.pool import PoolBusy
    from onepool.tick import Desk as OwnDesk
    from onepool.tick import Worker, WorkerBusy

    try:
        worker = Worker(ws)
    except (WorkerBusy, PoolBusy):
        remote = RemoteDesk(ws.socket)
        try:
            yield remote
        finally:
            remote.close()
        return
    try:
        worker.drain()
        yield OwnDesk(ws, worker)
    finally:
        worker.close()


def settle(ws: Workspace) -> bool:
    """Let decisions take effect at once; False when a running server will see to it."""
    from onepool.pool import PoolBusy
    from onepool.tick import Worker, WorkerBusy

    try:
        worker = Worker(ws)
    except (WorkerBusy, PoolBusy):
        return False
    try:
        worker.drain()
    finally:
        worker.close()
    return True


def actor() -> str:
    """Who is at the command line, for decisions."""
    return f"cli:{author()}"


def called(node: Node) -> str:
    """An identifier as it is written, its value masked: unionid@wx-open:oABC."""
    from onepool.privacy.masking import mask_identifier

    value = mask_identifier(node.type, node.value)[0]
    later = worded(" ({number}. owner)", number=node.generation + 1) if node.generation else ""
    return f"{node.type}{'@' + node.scope if node.scope else ''}:{value}{later}"


def evidence(link: Link) -> dict[str, Any]:
    from onepool.clock import from_micros

    return {
        "link": link.link_id,
        "rule": link.rule,
        "touchpoint": link.touchpoint,
        "event": link.first_event,
        "first": from_micros(link.first_time).isoformat(timespec="seconds"),
        "last": from_micros(link.last_time).isoformat(timespec="seconds"),
        "count": link.count,
        "consent": link.consent,
        "status": link.status,
        "probability": link.confidence,
    }
