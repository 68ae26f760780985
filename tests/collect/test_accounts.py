"""Secrets that are not there: said, never taken for a secret without letters."""

from __future__ import annotations

from pathlib import Path

import pytest

from onepool.collect.accounts import AccountError, look_up


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_empty_secret_is_none(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(text, encoding="utf-8")
    monkeypatch.setenv("ONEPOOL_SECRET_X", text)
    for reference in ("env:ONEPOOL_SECRET_X", "file:secret"):
        with pytest.raises(AccountError, match="empty") as refused:
            look_up(reference, tmp_path, "touchpoint shop: settings.secret")
        assert refused.value.where == "touchpoint shop: settings.secret"
    monkeypatch.setenv("ONEPOOL_SECRET_X", "s")
    assert look_up("env:ONEPOOL_SECRET_X", tmp_path, "") == "s"
