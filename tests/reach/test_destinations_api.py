"""Destinations over the API and the command line."""

from __future__ import annotations

import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.api.conftest import World, empty, world
from typer.testing import CliRunner

from onepool.cli.app import app
from onepool.connect import within
from onepool.privacy.roles import Role

__all__ = ["empty", "world"]

BODY: dict[str, Any] = {
    "what": "profiles",
    "columns": [{"id": "customer_id"}, {"phone": "identifier.phone"}, {"city": "attribute.city"}],
    "to": {"kind": "folder", "path": "crm"},
    "purpose": "service calls",
}


def test_from_definition_to_file(world: World) -> None:
    browser = world.signed_in()
    missing = browser.put("/api/v1/destinations/crm", {"body": {**BODY, "purpose": ""}})
    assert missing.status_code == 422 and "personal data" in missing.text
    saved = browser.put("/api/v1/destinations/crm", {"body": BODY, "reason": "first"})
    assert saved.status_code == 200, saved.text
    assert saved.json()["personal"] == ["phone"]
    assert browser.put("/api/v1/destinations/crm", {"body": BODY}).status_code == 409
    shown = browser.post("/api/v1/destinations/crm/preview").json()
    assert shown["columns"] == ["id", "phone", "city"] and shown["rows"] == shown["total"] > 0
    assert all("*" in row[1] for row in shown["sample"] if row[1])
    ran = browser.post("/api/v1/destinations/crm/run", {}).json()
    assert (ran["error"], ran["rows"]) == ("", shown["rows"])
    assert pq.read_table(world.ws.root / ran["where"]).num_rows == shown["rows"]
    (item,) = browser.get("/api/v1/destinations").json()["items"]
    assert (item["name"], item["to"], item["last"]["run"]) == ("crm", "folder", 1)
    again = browser.post("/api/v1/destinations/crm/run", {}).json()
    assert (again["run"], again["rows"]) == (2, 0)
    assert len(browser.get("/api/v1/destinations/crm").json()["runs"]) == 2
    assert browser.request("DELETE", "/api/v1/destinations/crm").status_code == 204
    assert browser.get("/api/v1/destinations/crm").status_code == 404


def test_only_own_secrets_may_be_named(empty: World, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = empty.signed_in()
    monkeypatch.setenv("SECRET_OF_THE_MACHINE", "x")
    to = {"kind": "database", "url": "env:SECRET_OF_THE_MACHINE", "table": "people"}
    refused = browser.put("/api/v1/destinations/crm", {"body": {**BODY, "to": to}})
    assert refused.status_code == 422 and "kept here before" in refused.text
    kept = browser.put("/api/v1/destinations/crm/secrets/url", {"value": "postgresql://u:opensesame@127.0.0.1:1/x"})
    answer = browser.put("/api/v1/destinations/crm", {"body": {**BODY, "to": {**to, "url": kept.json()["reference"]}}})
    assert answer.status_code == 200, answer.text
    ran = browser.post("/api/v1/destinations/crm/run", {}).json()
    assert ran["error"] and "opensesame" not in json.dumps(ran)


def test_a_kept_secret_goes_to_one_address_and_one_place(empty: World) -> None:
    """The access key stands in clear in every call: it is not told to an address that was written in later."""
    browser = empty.signed_in()

    def keep(setting: str) -> str:
        kept = browser.put(f"/api/v1/destinations/crm/secrets/{setting}", {"value": f"the {setting}"})
        return str(kept.json()["reference"])

    def save(version: Any = None, **to: Any) -> Any:
        target = {"kind": "s3", "bucket": "people", "endpoint": "https://store.example", **to}
        body = {"body": {**BODY, "to": target}, **({} if version is None else {"version": version})}
        return browser.put("/api/v1/destinations/crm", body)

    first = {"access_key": keep("access_key"), "secret_key": keep("secret_key")}
    version = save(**first).json()["version"]
    swapped = save(version, access_key=first["secret_key"], secret_key=first["secret_key"])
    assert swapped.status_code == 422 and "kept here before" in swapped.text
    for elsewhere in ({"endpoint": "http://attacker.example"}, {"endpoint": None}):
        moved = save(version, **first, **elsewhere)
        assert moved.status_code == 422 and moved.json()["code"] == "secret-again", moved.text
    assert save(version, **first, region="x.attacker.example/#").status_code == 422
    # Also by a detour, and after the destination was made anew.
    second = {"access_key": keep("access_key"), "secret_key": keep("secret_key")}
    assert not set(second.values()) & set(first.values())
    version = save(version, **second).json()["version"]
    version = save(version, **{**first, "bucket": "others"}).json()["version"]
    assert save(version, **second, endpoint="http://attacker.example").json()["code"] == "secret-again"
    assert browser.request("DELETE", "/api/v1/destinations/crm").status_code == 204
    assert save(**first, endpoint="http://attacker.example").json()["code"] == "secret-again"
    new = {"access_key": keep("access_key"), "secret_key": keep("secret_key")}
    assert save(**new, endpoint="https://another.example").status_code == 200


def test_secrets_of_destinations_are_nobody_elses(empty: World) -> None:
    browser = empty.signed_in()
    long = "a" * 59
    kept = browser.put(f"/api/v1/destinations/{long}b/secrets/url", {"value": "sqlite:///x"}).json()["reference"]
    to = {"kind": "database", "url": kept, "table": "people"}
    assert browser.put(f"/api/v1/destinations/{long}c", {"body": {**BODY, "to": to}}).status_code == 422
    assert browser.put(f"/api/v1/destinations/{long}b", {"body": {**BODY, "to": to}}).status_code == 200
    mine = browser.put("/api/v1/destinations/crm/secrets/url", {"value": "sqlite:///x"}).json()["reference"]
    assert not within(mine, "destination_crm")


def test_marketers_may_look_and_not_run(empty: World) -> None:
    empty.ws.save("destination", "crm", {"destination": "crm", **BODY}, author="test")
    marketer = empty.signed_in(Role.MARKETER)
    assert marketer.get("/api/v1/destinations").status_code == 200
    assert marketer.post("/api/v1/destinations/crm/run", {}).status_code == 403


def test_the_command_line_runs_and_previews(world: World) -> None:
    world.ws.save("destination", "crm", {"destination": "crm", **BODY}, author="test")
    root = str(world.ws.root)
    world.ws.close()
    call = CliRunner().invoke
    shown = json.loads(call(app, ["destination", "preview", "crm", "-w", root, "--json"]).stdout)
    ran = json.loads(call(app, ["destination", "run", "crm", "-w", root, "--json"]).stdout)
    assert ran["rows"] == shown["rows"] and ran["error"] == ""
    (row,) = json.loads(call(app, ["destination", "list", "-w", root, "--json"]).stdout)
    assert (row["destination"], row["rows"]) == ("crm", ran["rows"])
    assert call(app, ["destination", "run", "nobody", "-w", root]).exit_code != 0
