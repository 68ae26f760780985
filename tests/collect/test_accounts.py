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


def test_a_secret_that_is_not_kept_is_named_by_its_reference_and_not_by_the_servers_path(tmp_path: Path) -> None:
    with pytest.raises(AccountError, match="no secret is kept as file:secrets") as refused:
        look_up("file:secrets/oa2.key", tmp_path, "touchpoint oa2: settings.secret")
    assert str(tmp_path) not in f"{refused.value} {refused.value.hint}" and "FileNotFound" not in str(refused.value)
