"""HTTP/1.1 with addresses of more than 64 KB.

Browser clients send events as an image whose address holds the data. httptools refuses to split addresses above 65,535
bytes, so the query of a longer one is taken off before and given back after.
"""

from __future__ import annotations

from typing import Final

from onepool.collect.patience import PatientProtocol

MAX_URL_BYTES: Final = 1 << 20
"""A longer address is answered 400."""

_SPLITTABLE: Final = 60_000


class LongUrls(PatientProtocol):
    """uvicorn's protocol for requests whose address may be long."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._parts: list[bytes] = []
        self._url_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._url_bytes += len(url)
        if self._url_bytes > MAX_URL_BYTES:
            raise ValueError("the address is too long")  # httptools makes it an error of the request
        self._parts.append(url)

    def on_headers_complete(self) -> None:
        whole = b"".join(self._parts)
        if len(whole) <= _SPLITTABLE:
            self.url = whole
            super().on_headers_complete()
            return
        self.url, _, query = whole.partition(b"?")
        super().on_headers_complete()
        # The application's task has the same mapping and does not run before this call returns.
        self.scope["query_string"] = query.partition(b"#")[0]
