from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.clients.server import Running, running_collector


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("console")
    built = folder / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>OnePool</title>")
    (built / "favicon.svg").write_text("<svg/>")
    (built / "assets" / "app-1a2b3c.js").write_text("console.log(1);" * 1000)
    (folder / "secret.txt").write_text("secret")
    with running_collector(folder, static_dir=built, upstream=str(folder / "nobody.sock")) as running:
        yield running


@pytest.mark.parametrize("path", ["/", "/index.html", "/customers", "/segments/vip/edit?tab=1", "/a/b/c"])
def test_every_page_of_the_console_loads_without_the_worker(server: Running, path: str) -> None:
    answer = httpx.get(server.url + path)
    assert answer.status_code == 200
    assert "OnePool" in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_hashed_assets_are_kept_for_ever_and_packed(server: Running) -> None:
    answer = httpx.get(server.url + "/assets/app-1a2b3c.js")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text.startswith("console.log")
    again = httpx.get(server.url + "/assets/app-1a2b3c.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["/assets/app-old.js", "/assets/", "/missing.png", "/..%2fsecret.txt", "/%2e%2e/secret.txt"]
)
def test_missing_files_are_missing(server: Running, path: str) -> None:
    answer = httpx.get(server.url + path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"
    assert "secret" not in answer.text


def test_other_files_are_asked_for_again(server: Running) -> None:
    assert httpx.get(server.url + "/favicon.svg").headers["cache-control"] == "no-cache"
    assert httpx.head(server.url + "/favicon.svg").status_code == 200


@pytest.mark.parametrize("path", ["/api", "/api/v1/home", "/hooks/shop", "/l/abc"])
def test_the_workers_paths_are_not_pages(server: Running, path: str) -> None:
    assert httpx.get(server.url + path).status_code == 503


def test_writes_are_for_the_worker(server: Running) -> None:
    assert httpx.post(server.url + "/customers").status_code == 503
