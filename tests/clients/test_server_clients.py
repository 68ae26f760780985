from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.drive import DRIVERS, node_modules
from tests.clients.server import TOUCHPOINT, WRITE_KEY, running_collector
from tests.clients.story import missing


@pytest.mark.parametrize("client", DRIVERS)
def test_every_event_of_an_unmodified_client_arrives(client: str, tmp_path: Path) -> None:
    if "node" in client and not node_modules():
        pytest.skip("the Node clients are not installed: npm ci in tests/clients/node")
    with running_collector(tmp_path) as server:
        expected = DRIVERS[client](server.url, WRITE_KEY, client)
        assert missing(expected, server.items(), TOUCHPOINT.name) == []
        assert server.broken() == []
        ids = [item.message_id for item in server.items()]
        assert len(set(ids)) == len(ids)
