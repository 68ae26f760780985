"""Names of batches and messages: any letters, but a page and an address of the API can be made of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.values import Name


def _addressable(name: str) -> str:
    if name in (".", "..") or name != name.strip() or any(one in "/\\" or not one.isprintable() for one in name):
        raise PydanticCustomError("value", "a name without /, \\, unprintable signs and blanks at its ends is wanted")
    return name


AddressableName = Annotated[Name, AfterValidator(_addressable)]
