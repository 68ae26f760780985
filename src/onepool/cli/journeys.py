"""journey list, show, check, versions, diff, templates, new, schema; what commands of journeys share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from onepool import yaml_core
from onepool.apply import DefinitionError
from onepool.audience.catalog import kept_events
from onepool.audience.conditions.parse import plain_data
from onepool.audience.conditions.unseen import private_in
from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table
from onepool.clock import from_micros
from onepool.definitions import Definition
from onepool.errors import UsageError
from onepool.journeys import gallery, store
from onepool.journeys.check import Checked, check_body
from onepool.journeys.checks.doubts import journey_doubts
from onepool.journeys.diff import differences
from onepool.journeys.graph import edges
from onepool.journeys.known import load_known
from onepool.journeys.model import Journey
from onepool.journeys.parse import journey_hash, journey_schema, parse_journey
from onepool.journeys.sentence import journey_sentence, node_sentence
from onepool.workspace import Workspace

journeys = typer.Typer(help="Journeys (旅程): automated programmes over every channel.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Its name.")]
Reason = Annotated[str, typer.Option(help="Why, for the history.")]


@journeys.command("list")
def list_journeys(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All journeys: what each is doing, its live runs, whether its draft differs.

    Example: onepool journey list
    """
    ws = opened(folder)
    known = load_known(ws, kept_events(ws))
    with ws.state.read() as connection:
        states = store.states(connection)
        live = store.live_runs(connection)
        rows = []
        for item in ws.definitions.current(store.KIND):
            made = store.versions(connection, item.name)
            state = states.get(item.name)
            current = next((one for one in made if state is not None and one.version_id == state.version_id), None)
            rows.append(
                {
                    "journey": item.name,
                    "title": _title(item.body.get("name"), item.name, ws),
                    "status": "draft" if state is None else state.status,
                    "version": None if current is None else current.version,
                    "draft": current is None or current.hash != journey_hash(item.body),
                    "faults": len(check_body(item.body, known)[1].problems),
                    "live runs": sum(live.get(one.version_id, 0) for one in made),
                    "problem": "" if state is None else state.problem,
                }
            )
    if as_json:
        show_json(rows)
        return
    show_table(
        [
            {
                "journey": row["journey"],
                "status": row["status"] if row["version"] is None else f"{row['status']} v{row['version']}",
                "draft": f"{row['faults']} faults" if row["faults"] else "differs" if row["draft"] else "",
                "runs": row["live runs"],
                "title": row["title"],
            }
            for row in rows
        ]
    )
    for row in rows:
        if row["problem"]:
            note(f"{row['journey']}: {row['problem']}")


@journeys.command("show")
def show_journey(
    name: Name,
    folder: WorkspaceDir = HERE,
    version: Annotated[int | None, typer.Option(min=1, help="A published version; the draft when left out.")] = None,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="The definition as it is written.")] = False,
    as_json: Json = False,
) -> None:
    """One journey in words: who enters, its goal, every node and where it leads.

    Example: onepool journey show cart_recall
    """
    ws = opened(folder)
    body = _body(ws, name, version)
    if as_yaml:
        say(yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=110).rstrip())
        return
    with ws.state.read() as connection:
        state = store.standing(connection, name)
    if as_json:
        doing = None if state is None else {"status": state.status, "entries_from": from_micros(state.entries_from)}
        show_json({"journey": name, "hash": journey_hash(body), "state": doing, "definition": body})
        return
    journey = parse_journey(body)
    known, language = load_known(ws), ws.settings.language
    say(f"{name}: {_title(body.get('name'), name, ws)} ({'draft' if state is None else state.status})")
    say(journey_sentence(journey, language, known.names))
    rows = []
    for node_id in _in_order(journey):
        ways = ", ".join(f"{edge.label} → {edge.target}" for edge in edges(journey.nodes[node_id]))
        what = node_sentence(journey.nodes[node_id], language, known.names)
        rows.append({"node": node_id, "does": what, "then": ways})
    show_table(rows)


@journeys.command("check")
def check_journeys(
    what: Annotated[str, typer.Argument(help="A journey of the workspace, or a YAML or JSON file.")],
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Everything that is wrong with a journey, by place, and what one might have overlooked. Exit status 1: faults.

    Example: onepool journey check journeys/cart_recall.yaml
    """
    ws = opened(folder)
    body = _read(Path(what)) if Path(what).suffix in (".yaml", ".yml", ".json") else draft_of(ws, what).body
    known = load_known(ws, kept_events(ws))
    journey, found = check_body(body, known)
    if journey is not None and not found.problems:
        with ws.pool.read() as session:
            found.warnings += journey_doubts(session, journey, known.names, private_in(ws.standard()))
    if as_json:
        show_json(
            [
                {"severity": severity, "place": one.place, "message": one.message, "suggestion": one.suggestion}
                for severity, listed in (("error", found.problems), ("warning", found.warnings))
                for one in listed
            ]
        )
    else:
        tell(found)
    if found.problems:
        raise typer.Exit(1)


@journeys.command("versions")
def list_versions(name: Name, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """Everything that was published of a journey, the latest first.

    Example: onepool journey versions cart_recall
    """
    ws = opened(folder)
    with ws.state.read() as connection:
        state = store.standing(connection, name)
        made = store.versions(connection, name)
        live = store.live_runs(connection, [one.version_id for one in made])
    if not made and state is None:
        draft_of(ws, name)
    rows = [
        {
            "version": one.version,
            "at": from_micros(one.published_at).isoformat(timespec="seconds"),
            "by": one.published_by,
            "live runs": live.get(one.version_id, 0),
            "entries": state is not None and state.version_id == one.version_id and state.status == "live",
            "hash": one.hash[:12],
        }
        for one in made
    ]
    show_json(rows) if as_json else show_table(rows)


@journeys.command("diff")
def diff_versions(
    name: Name,
    before: Annotated[int | None, typer.Argument(min=1, help="A version; what is published when left out.")] = None,
    after: Annotated[int | None, typer.Argument(min=1, help="Another one; the draft when left out.")] = None,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """What changed between two versions, part by part, in words.

    Example: onepool journey diff cart_recall 1 3
    """
    ws = opened(folder)
    if before is None:
        with ws.state.read() as connection:
            state = store.standing(connection, name)
            if state is None:
                raise UsageError(f"{name} was never published", hint="name the version to compare with")
            old = store.published(connection, state.version_id).definition
    else:
        old = parse_journey(_body(ws, name, before))
    found = differences(old, parse_journey(_body(ws, name, after)), load_known(ws).names)
    if as_json:
        show_json([{"op": one.op, "node": one.node, "place": one.place, "sentence": one.sentence} for one in found])
        return
    if not found:
        say("they say the same")
    for one in found:
        say(one.sentence["zh" if chinese(ws) else "en"])


@journeys.command("templates")
def list_templates(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """The programmes that are shipped, and what is to be filled in.

    Example: onepool journey templates
    """
    language = "zh" if chinese(opened(folder)) else "en"
    rows = [
        {
            "template": one.name,
            "title": one.title[language],  # type: ignore[index]
            "for": one.category,
            "fill in": ", ".join(param.name for param in one.params),
            "brings": ", ".join(f"{kind} {name}" for kind, name, _ in one.needed({})),
        }
        for one in gallery.gallery()
    ]
    if as_json:
        show_json(rows)
    else:
        show_table([{key: row[key] for key in ("template", "title", "fill in")} for row in rows])


@journeys.command("new")
def new_journey(
    template: Annotated[str, typer.Argument(help="One of `onepool journey templates`.")],
    name: Annotated[str, typer.Argument(help="What the journey is to be called.")],
    folder: WorkspaceDir = HERE,
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="NAME=VALUE; the value as YAML.")] = None,
    as_json: Json = False,
) -> None:
    """Make a draft of a template, and the segments, coupons and messages that it needs and are not there.

    Example: onepool journey new cart_recall spring_carts -p "products=[P-1001, P-1002]" -p "wait=2 days"
    """
    ws = opened(folder)
    given: dict[str, Any] = {}
    for one in param or []:
        key, sign, value = one.partition("=")
        if not sign:
            raise UsageError(f"{one} is not NAME=VALUE")
        given[key] = plain_data(yaml_core.load(value))
    saved = gallery.instantiate(ws, ws.clock, template, name, author=author(), params=given)
    _, found = check_body(saved.body, load_known(ws, kept_events(ws)))
    if as_json:
        show_json({"journey": name, "version": saved.version, "faults": [str(one) for one in found.problems]})
        return
    say(f"{name} is a draft made of {template}")
    tell(found)
    say(f"next: onepool journey publish {name}")


@journeys.command("schema")
def print_schema() -> None:
    """The JSON Schema of journeys, for editors.

    Example: onepool journey schema > journey.schema.json
    """
    show_json(journey_schema())


def tell(found: Checked) -> None:
    """Faults and advice for people."""
    for one in found.problems:
        say(f"✗ {one}")
    for one in found.warnings:
        say(f"! {one}")
    if not found.problems:
        say("no faults" if not found.warnings else "no faults; the above is advice")


def _read(path: Path) -> dict[str, Any]:
    try:
        found = plain_data(yaml_core.load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DefinitionError(f"not readable as YAML: {error}", where=path.name) from error
    if not isinstance(found, dict):
        raise DefinitionError("a journey is written as a mapping", where=path.name)
    return found


def draft_of(ws: Workspace, name: str) -> Definition:
    """The current definition of a journey. Raises UsageError."""
    item = ws.definitions.get(store.KIND, name)
    if item is None:
        raise UsageError(f"there is no journey {name}", hint="see: onepool journey list")
    return item


def _body(ws: Workspace, name: str, version: int | None) -> dict[str, Any]:
    if version is None:
        return draft_of(ws, name).body
    found = next((one for one in ws.definitions.history(store.KIND, name) if one.version == version), None)
    if found is None:
        raise UsageError(f"there is no version {version} of {name}", hint=f"see: onepool journey versions {name}")
    return found.body


def _in_order(journey: Journey) -> list[str]:
    """The nodes from the start on, nearest first; those out of reach last."""
    found, level = [], [journey.start]
    while level:
        found += level
        level = list(
            dict.fromkeys(
                edge.target
                for name in level
                if name in journey.nodes
                for edge in edges(journey.nodes[name])
                if edge.target not in found
            )
        )
    met = [name for name in dict.fromkeys(found) if name in journey.nodes]
    return [*met, *(name for name in journey.nodes if name not in met)]


def _title(given: object, name: str, ws: Workspace) -> str:
    if isinstance(given, dict):
        return str(given.get("zh" if chinese(ws) else "en") or next(iter(given.values()), name))
    return str(given) if given else name


def chinese(ws: Workspace) -> bool:
    """Whether the workspace speaks Chinese."""
    return ws.settings.language.startswith("zh")
