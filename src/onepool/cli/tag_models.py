"""tag model: the card of a learned tag."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from onepool.api import audience
from onepool.api.lookup import find_customer
from onepool.audience.mining import ModelCard, ModelLog, TrainedModel, defined, explain_customer
from onepool.audience.mining.card import CustomerModel, Words
from onepool.audience.tags import parse_tag
from onepool.audience.tags.learned import LearnedTag
from onepool.cli.output import HERE, Json, WorkspaceDir, opened, say, show_json, show_table
from onepool.cli.tags import tags
from onepool.errors import UsageError
from onepool.workspace import Workspace

commands = tags
"""All commands of tags, with the one that is here."""

Customer = Annotated[
    str | None,
    typer.Option(help="Why this customer has its score: customer_id, or type:value such as phone:13800000000."),
]


@tags.command("model")
def show_model(
    name: Annotated[str, typer.Argument(help="Its name.")],
    folder: WorkspaceDir = HERE,
    customer: Customer = None,
    runs: Annotated[bool, typer.Option("--runs", help="All runs that are kept, the newest first.")] = False,
    as_json: Json = False,
) -> None:
    """What a learned tag learned: how good it is, what decides, refusals and warnings.

    Example: onepool tag model churn_p30d --customer phone:13800000000
    """
    ws = opened(folder)
    _check(ws, name)
    log = ModelLog(ws.state)
    zh = ws.settings.language.startswith("zh")
    if runs:
        rows = [_run(one, zh) for one in log.runs(name)]
        show_json(rows) if as_json else show_table(rows)
        return
    found = log.latest(name) if customer is None else log.published(name)
    if found is None:
        raise UsageError(f"{name} has learned nothing yet", hint=f"run it: onepool tag run {name}")
    if customer is not None:
        why = _explained(ws, found, customer)
        show_json(why.model_dump(mode="json")) if as_json else _print_reason(why, zh)
    elif as_json:
        card = found.card.model_dump(mode="json")
        show_json({"tag": name, "version": found.version, "trained_at": found.trained_at.isoformat(), **card})
    else:
        _print_card(found, zh)


def _check(ws: Workspace, name: str) -> None:
    item = ws.definitions.get("tag", name)
    if item is None:
        raise UsageError(f"there is no tag {name}", hint="see: onepool tag list")
    tag = parse_tag(item.body)
    if not isinstance(tag, LearnedTag):
        raise UsageError(f"{name} is no learned tag but of kind {tag.kind}", hint=f"see: onepool tag show {name}")


def _explained(ws: Workspace, found: TrainedModel, customer: str) -> CustomerModel:
    tag = defined(ws.definitions, found)
    if tag is None:
        raise UsageError("the definition that this run was made with can't be read any more", hint="run the tag again")
    with ws.pool.read() as session:
        customer_id = find_customer(session, customer, ws.standard(), ws.settings.country)
        if customer_id is None:
            raise UsageError(f"no customer is known as {customer}", hint="give a customer_id or type:value")
        return explain_customer(session, tag, found, customer_id, audience.context(ws))


def _run(found: TrainedModel, zh: bool) -> dict[str, Any]:
    return {
        "as of": found.as_of.isoformat(timespec="minutes"),
        "version": found.version,
        "refused": found.refused,
        "summary": _text(found.card.summary, zh),
    }


def _print_card(found: TrainedModel, zh: bool) -> None:
    card = found.card
    say(f"{found.tag}  {card.model} ({card.method}), as of {card.as_of.isoformat(timespec='minutes')}")
    say(_text(card.summary, zh))
    for title, notices in (("refused", card.refusals), ("warning", card.warnings)):
        for one in notices:
            say(f"{title}: {_text(one.words, zh)}")
            if one.advice is not None:
                say(f"  -> {_text(one.advice, zh)}")
    show_table([{"figure": name, "value": f"{value:.6g}"} for name, value in card.metrics.items()])
    for rows in _tables(card, zh):
        if rows:
            show_table(rows)


def _tables(card: ModelCard, zh: bool) -> list[list[dict[str, Any]]]:
    return [
        [
            {
                "parameter": one.name,
                "value": f"{one.value:.4g}",
                "error": "" if one.error is None else f"{one.error:.2g}",
            }
            for one in card.parameters
        ],
        [
            {"cut-off": f"{one.cut_off:%Y-%m-%d}", "use": one.use, "rows": one.rows, "true": one.positives}
            for one in card.samples
        ],
        [
            {"tenth": one.decile, "customers": one.customers, "rate": f"{one.rate:.3f}", "lift": f"{one.lift:.2f}"}
            for one in card.lift
        ],
        [
            {"predicted": f"{one.predicted:.3f}", "came": f"{one.observed:.3f}", "customers": one.customers}
            for one in card.calibration
        ],
        [
            {"cluster": one.name, "title": _text(one.title, zh), "customers": one.customers, "before": one.before}
            for one in card.clusters
        ],
        [{"feature": _text(one.title, zh), "weight": f"{one.weight:.3f}"} for one in card.features[:15]],
    ]


def _print_reason(why: CustomerModel, zh: bool) -> None:
    say(f"customer {why.customer_id}: {why.value if why.value is not None else '(no value)'}")
    for figure in why.figures:
        shown = f"{figure.value:.6g}" if isinstance(figure.value, float) else figure.value
        say(f"  {_text(figure.title, zh)}: {shown}")
    for one in why.contributions:
        say(f"  {one.effect:+.3f}  {_text(one.sentence, zh)}")


def _text(words: Words, zh: bool) -> str:
    return words.zh if zh else words.en
