"""What becomes of messages, plainly: planned, told, given up, and the next hop of a chain (see naive.py)."""

from __future__ import annotations

from tests.journeys.naive import Naive
from tests.journeys.naive_runs import DAY, OUTCOME, Message, Run, key_of, until
from tests.journeys.naive_times import later

from onepool.journeys.model import Send

LINGER = DAY
REACHED = ("ACCEPTED", "DELIVERED", "READ", "CLICKED")


def send(naive: Naive, run: Run, node: Send) -> None:
    guarded = node.guard is not None and not naive.holds(node.guard, run)
    _plan(naive, run, node, 0, guarded=guarded)


def _plan(naive: Naive, run: Run, node: Send, hop: int, *, guarded: bool = False) -> None:
    journey, zone = run.version.journey, naive.zone(run)
    assert run.node is not None
    said = node.expire_after or journey.policy.expire_after
    message = Message(
        key_of(run, hop), run.run_id, run.customer, run.version.name, run.node, run.visit, hop, node.chain[hop].channel,
        node.category or journey.policy.category, run.now, later(run.now, said, zone) if said else None,
    )  # fmt: skip
    run.hop = hop
    naive.sends[message.send_id] = message
    if guarded:
        message.state, message.reason = "SUPPRESSED", "guard_false"
    else:
        naive.gate(message, run, naive.at)
    naive.log(run, "hop")
    if message.state == "SUPPRESSED":
        message.concluded, message.told = naive.at, True
        _chain(naive, run, node, message.reason)
        return
    within = node.chain[hop].accept_within
    if within is not None:
        # Nobody can confirm before it is there.
        deadline = later(max(run.now, naive.at), within, zone)
    else:
        assert message.expires is not None
        deadline = message.expires + LINGER
    until(run, OUTCOME, deadline)


def _chain(naive: Naive, run: Run, node: Send, reason: str | None) -> None:
    """After the final outcome of a hop; None: it was taken."""
    # The version that the run was moved to may have fewer hops: it lists nothing for one that it does not have.
    listed = node.chain[run.hop].next_on if run.hop < len(node.chain) else []
    if reason is None or (reason == "unknown" and reason not in listed):
        run.reason = None
        naive.move(run, "next", node.next)
    elif reason in listed and run.hop + 1 < len(node.chain):
        _plan(naive, run, node, run.hop + 1)
    else:
        run.reason = reason
        naive.move(run, "else", node.else_)


def concluded(naive: Naive, message: Message, state: str, reason: str | None, at: int) -> None:
    """A message has its final outcome."""
    message.state, message.reason, message.concluded = state, reason, at
    run = naive.runs.get(message.run_id)
    here = run is not None and (run.node, run.visit, run.hop) == (message.node, message.visit, message.hop)
    if run is None or not here or run.state != OUTCOME or message.told:
        message.told = True
        return
    message.told = True
    node = run.version.journey.nodes[message.node]
    assert isinstance(node, Send)
    run.now = max(at, run.arrived)
    naive.log(run, "hop")
    _chain(naive, run, node, None if state in REACHED else "unknown" if state == "UNKNOWN" else reason)


def give_up(naive: Naive, run: Run) -> None:
    """The deadline of a hop comes first: what its message is from now on, before any timer goes on."""
    node = None if run.node is None else run.version.journey.nodes[run.node]
    late = run.state == OUTCOME and run.due is not None and run.due <= naive.at and run.due < run.life
    if not late or not isinstance(node, Send):
        return
    message = naive.sends[key_of(run, run.hop)]
    message.told, message.concluded = True, run.due
    confirmed = run.hop < len(node.chain) and node.chain[run.hop].accept_within is not None
    if message.state in ("QUEUED", "DEFERRED", "RETRY"):
        message.state, message.reason = "CANCELLED", "expired"
    elif message.state in ("CLAIMED", "TASK") and confirmed:
        message.state, message.reason = "FAILED", "staff_timeout"
    else:
        message.state, message.reason = "UNKNOWN", "unknown"


def given_up(naive: Naive, run: Run, node: Send) -> None:
    naive.log(run, "hop")
    _chain(naive, run, node, naive.sends[key_of(run, run.hop)].reason)
