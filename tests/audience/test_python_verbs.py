"""`onepool.open`: what the commands say, as tables that pandas, Polars and DuckDB take."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

import onepool
from onepool.cli.app import app
from onepool.handle import Customer, Handle, Identity, NotInstalled, Segment, Table, Tag

from .test_command_line import made

PHONE = "phone:13800000000"
THEN = datetime.now(UTC) - timedelta(days=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made(tmp_path_factory.mktemp("verbs"))


@pytest.fixture
def ws(folder):
    with onepool.open(folder) as found:
        yield found


@pytest.fixture
def told(folder):
    def command(*words):
        done = CliRunner().invoke(app, [*words, "--json", "--workspace", str(folder)])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return command


AS_OF = [None, THEN]


def _then(as_of):
    return [] if as_of is None else ["--as-of", as_of.isoformat()]


@pytest.mark.parametrize("as_of", AS_OF)
def test_lists_say_what_the_commands_say(folder, told, as_of):
    segments = told("segment", "list", *_then(as_of))
    tags = told("tag", "list", *_then(as_of))
    spread = told("tag", "show", "stage", *_then(as_of))["values"]
    named = [{name: row[name] for name in ("tag", "kind", "title", "customers")} for row in tags]
    with onepool.open(folder) as ws:
        assert ws.segments(as_of).to_pylist() == segments
        assert ws.tags(as_of).to_pylist() == named
        assert ws.tag("stage").spread(as_of).to_pylist() == spread
    # Ten days ago the tag had not been computed, while who had bought is known from history.
    assert [row["customers"] for row in tags] == ([3] if as_of is None else [0])


@pytest.mark.parametrize("as_of", AS_OF)
def test_a_segment_and_why(folder, told, as_of):
    said = told("segment", "members", "buyers", *_then(as_of))
    size = told("segment", "size", "buyers", *_then(as_of))["size"]
    why = told("segment", "explain", "buyers", PHONE, *_then(as_of))

    def flat(reason):
        return [(reason["place"], reason["sentence"], reason["holds"]), *(x for p in reason["parts"] for x in flat(p))]

    with onepool.open(folder) as ws:
        segment = ws.segment("buyers")
        if as_of is not None:
            assert segment.size(as_of) == size == said["size"]
            assert segment.members(as_of).column("customer_id").to_pylist() == said["members"]
        rows = segment.explain(PHONE, as_of).to_pylist()
    assert rows[0]["holds"] == why["member"]
    assert [(row["place"], row["sentence"], row["holds"]) for row in rows] == flat(why["reason"])


def test_a_tag_and_why(folder, told):
    why = told("tag", "explain", "stage", PHONE)
    with onepool.open(folder) as ws:
        rows = ws.tag("stage").explain(PHONE).to_pylist()
        assert ws.tag("stage").values().to_pylist() == ws.tag("stage").to_pylist()
    assert (rows[0]["place"], rows[0]["figure"]) == ("value", why["value"])
    said = [rule["reason"]["sentence"] for rule in why["rules"]]
    assert [row["sentence"] for row in rows if row["sentence"]] == said


def test_a_run_of_a_tag_is_kept_and_told_as_the_command_tells_it(tmp_path):
    folder = made(tmp_path)
    at = datetime.now(UTC)
    with onepool.open(folder) as ws:
        found = ws.tag("stage").run(at).to_pylist()
        assert found and found == ws.tag("stage").spread(at).to_pylist()
        assert sum(row["customers"] for row in found) == 3
    runs = CliRunner().invoke(app, ["tag", "runs", "stage", "--json", "--workspace", str(folder)])
    assert [datetime.fromisoformat(row["as_of"]) for row in json.loads(runs.stdout)][:1] == [at.replace(microsecond=0)]
    words = ["tag", "run", "stage", "--as-of", at.isoformat(), "--json", "--workspace", str(folder)]
    again = json.loads(CliRunner().invoke(app, words).stdout)["values"]
    assert [{name: row[name] for name in ("value", "customers")} for row in again] == found


def test_a_customer_and_a_query(folder, told):
    shown = told("customer", "show", PHONE)
    sql = "SELECT event, count(*) AS n FROM events GROUP BY event"
    counted = CliRunner().invoke(app, ["query", sql, "--format", "json", "--workspace", str(folder)])
    with onepool.open(folder) as ws:
        page = ws.customer(PHONE).show()
        assert ws.customer(PHONE).timeline().num_rows == len(shown["latest events"]) == 1
        assert ws.query(sql).to_pylist() == json.loads(counted.stdout)
    assert page.keys() == shown.keys()
    assert page["identifiers"].to_pylist() == shown["identifiers"]


def test_tables_go_where_arrow_goes(ws, monkeypatch):
    found = ws.query("SELECT 1 AS one, 'a' AS word")
    assert found.to_pandas().to_dict("records") == [{"one": 1, "word": "a"}]
    assert pa.table(found).to_pylist() == found.to_pylist() == [{"one": 1, "word": "a"}]
    assert duckdb.sql("SELECT word FROM found").fetchall() == [("a",)]
    assert (len(found), found["one"].to_pylist(), found.column_names) == (1, [1], ["one", "word"])
    assert found == found.arrow and repr(found) == repr(found.arrow)
    monkeypatch.setitem(sys.modules, "polars", SimpleNamespace(from_arrow=lambda table: ("frame", table.num_rows)))
    assert found.to_polars() == ("frame", 1)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(NotInstalled, match="polars is not installed") as refused:
        found.to_polars()
    assert "to_pandas" in refused.value.hint


VERBS = {
    "tag": {"list": Handle.tags, "show": Tag.spread, "explain": Tag.explain, "run": Tag.run},
    "segment": {
        "list": Handle.segments,
        "size": Segment.size,
        "members": Segment.members,
        "explain": Segment.explain,
        "portrait": Segment.portrait,
        "overlap": Handle.overlap,
        "plan": Segment.plan,
        "versions": Segment.versions,
        "snapshot": Segment.snapshot,
    },
    "customer": {"show": Customer.show},
    "identity": {
        "explain": Identity.explain,
        "split": Identity.split,
        "merge": Identity.merge,
        "never": Identity.never,
        "undo": Identity.undo,
        "conflicts": Identity.conflicts,
        "evaluate": Identity.evaluate,
    },
}
"""Group -> command -> the verb that says the same."""


@pytest.mark.parametrize("group", sorted(VERBS))
def test_verbs_are_named_like_commands_and_return_tables(group):
    commands = typer.main.get_command(app).get_command(None, group).commands
    for name, verb in VERBS[group].items():
        assert name in commands, name
        told = verb.__annotations__["return"]
        takes_as_of = any(getattr(param, "opts", [""])[0] == "--as-of" for param in commands[name].params)
        assert not takes_as_of or "as_of" in verb.__annotations__, (group, name)
        assert told in ("Table", "int", "Why", "Evaluation", "SegmentPlan", "dict[str, Table]"), (group, name, told)


def test_tables_of_verbs_are_tables(ws):
    for one in (ws.query("SELECT 1 AS n"), ws.tags(), ws.segments(), ws.tag("stage"), ws.segment("buyers").members()):
        assert isinstance(one, Table)
