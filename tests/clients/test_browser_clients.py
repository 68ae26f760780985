from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.browse import PAGES, browse, chromium
from tests.clients.drive import node_modules
from tests.clients.server import TOUCHPOINT, WRITE_KEY, running_collector
from tests.clients.story import missing


@pytest.mark.browser
@pytest.mark.parametrize("client", PAGES)
def test_every_event_of_an_unmodified_browser_client_arrives(client: str, tmp_path: Path) -> None:
    if chromium() is None:
        pytest.skip("no Chromium: install the package chromium, or name one in CHROMIUM")
    if not node_modules():
        pytest.skip("the clients are not installed: npm ci in tests/clients/node")
    with running_collector(tmp_path) as server:
        expected = browse(client, server.url, WRITE_KEY, client, lambda count: len(server.items()) >= count)
        items = server.items()
        assert missing(expected, items, TOUCHPOINT.name) == []
        assert server.broken() == []
        early = [item for item in items if item.name in ("page_viewed", "Product Viewed")]
        assert {kind for item in early for kind, _, _ in item.ids} == {"anonymous_id"}
        assert len({value for item in early for _, _, value in item.ids}) == 1
