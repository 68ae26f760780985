from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from tests.clients.server import Running, running_collector


class Worker:
    """A stand-in for the worker behind the socket."""

    def __init__(self) -> None:
        self.stream_left = threading.Event()
        self.go_on = threading.Event()
        self.app = Starlette(
            routes=[
                Route("/api/echo", self.echo, methods=["GET", "POST", "PUT", "DELETE"]),
                Route("/api/live", self.live),
                Route("/api/login", self.login, methods=["POST"]),
                Route("/api/dies", self.dies),
            ]
        )

    async def echo(self, request: Request) -> Response:
        body = await request.body()
        headers = {name: value for name, value in request.headers.items() if name.startswith(("x-", "cookie", "host"))}
        seen = {"method": request.method, "query": str(request.url.query), "body": body.decode(), "headers": headers}
        return JSONResponse(seen, status_code=201, headers={"x-answer": "yes"})

    async def login(self, request: Request) -> Response:
        answer = Response()
        answer.set_cookie("session", "secret")
        answer.set_cookie("language", "zh")
        return answer

    async def dies(self, request: Request) -> Response:
        async def half() -> AsyncIterator[bytes]:
            yield b"half"
            raise ConnectionResetError

        return StreamingResponse(half(), headers={"content-length": "1000"})

    async def live(self, request: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            try:
                yield b"data: one\n\n"
                while not self.go_on.is_set():
                    await asyncio.sleep(0.001)
                yield b"data: two\n\n"
                while not await request.is_disconnected():
                    await asyncio.sleep(0.001)
            finally:
                self.stream_left.set()

        return StreamingResponse(events(), media_type="text/event-stream")


@contextlib.contextmanager
def running_worker(worker: Worker, path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
        server = uvicorn.Server(uvicorn.Config(worker.app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, args=([sock],))
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def server(tmp_path: Path, worker: Worker) -> Iterator[Running]:
    upstream = tmp_path / "w.sock"
    with running_worker(worker, upstream), running_collector(tmp_path, upstream=str(upstream)) as running:
        yield running


def test_requests_reach_the_worker_and_answers_come_back(server: Running) -> None:
    answer = httpx.put(
        server.url + "/api/echo?a=%E4%B8%AD&b=1",
        content=b"hello",
        headers={"X-OnePool": "1", "Cookie": "session=abc", "X-Forwarded-For": "6.6.6.6"},
    )
    assert answer.status_code == 201
    assert answer.headers["x-answer"] == "yes"
    seen = answer.json()
    assert (seen["method"], seen["query"], seen["body"]) == ("PUT", "a=%E4%B8%AD&b=1", "hello")
    assert seen["headers"] == {
        "x-onepool": "1",
        "cookie": "session=abc",
        "host": f"127.0.0.1:{server.port}",
        "x-forwarded-for": "127.0.0.1",  # what a client says about itself is not handed on
        "x-forwarded-proto": "http",
    }


def test_a_body_in_pieces_is_streamed(server: Running) -> None:
    pieces = [b"x" * 10_000 for _ in range(30)]
    assert httpx.post(server.url + "/api/echo", content=iter(pieces)).json()["body"] == "x" * 300_000
    assert httpx.get(server.url + "/api/echo").json()["body"] == ""


def test_cookies_of_one_user_never_reach_another(server: Running) -> None:
    login = httpx.post(server.url + "/api/login")
    assert len(login.headers.get_list("set-cookie")) == 2
    assert "cookie" not in httpx.get(server.url + "/api/echo").json()["headers"]


def test_a_live_stream_arrives_piece_by_piece_and_ends_with_its_reader(server: Running, worker: Worker) -> None:
    with httpx.stream("GET", server.url + "/api/live", timeout=20) as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line) == "data: one"
        worker.go_on.set()
        assert next(line for line in lines if line) == "data: two"
        assert not worker.stream_left.is_set()
    assert worker.stream_left.wait(20)


def test_an_answer_that_breaks_off_breaks_off_for_the_client_too(server: Running) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(server.url + "/api/dies")
    assert httpx.get(server.url + "/api/echo").status_code == 201


def test_without_the_worker_its_paths_say_come_again_and_collection_goes_on(tmp_path: Path) -> None:
    with running_collector(tmp_path, upstream=str(tmp_path / "nobody.sock")) as server:
        answer = httpx.get(server.url + "/api/v1/home")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["code"] == "worker-unavailable"
        assert httpx.post(server.url + "/api/v1/session", json={}).status_code == 503
        assert httpx.get(server.url + "/readyz").status_code == 200


def test_the_worker_may_come_back(tmp_path: Path, worker: Worker) -> None:
    path = tmp_path / "w.sock"
    with running_collector(tmp_path, upstream=str(path)) as server:
        for _ in range(2):
            assert httpx.get(server.url + "/api/echo").status_code == 503
            with running_worker(worker, path):
                assert httpx.get(server.url + "/api/echo").status_code == 201
            path.unlink()
