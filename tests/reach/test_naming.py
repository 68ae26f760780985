"""Batches and messages have names that a page can be opened by."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from onepool.reach.naming import AddressableName

NAMES: TypeAdapter[str] = TypeAdapter(AddressableName)


@pytest.mark.parametrize("name", ["a/b", "..", ".", "a\\b", "a\nb", " a", "a ", "", "x\0"])
def test_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        NAMES.validate_python(name)


@pytest.mark.parametrize("name", ["春节券", "spring-2026", "a b", "v1.2", "50% off"])
def test_taken(name: str) -> None:
    assert NAMES.validate_python(name) == name
