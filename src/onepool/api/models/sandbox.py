"""Acts in the sandbox: what people can do at a touchpoint's double, and doing it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from onepool.api.models.common import JsonObject, Model


class SandboxState(Model):
    """Whether a sandbox runs for this workspace, and what people can do at the touchpoint in it."""

    running: bool
    acts: list[str] = Field(description="Names of acts, as of `onepool sandbox act`; none where nothing plays it.")


class SandboxAct(Model):
    """Somebody does something."""

    do: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    person: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        default="*", description="A key, an id or a phone number of the sandbox's world; `*`: somebody by chance."
    )
    given: JsonObject = Field(default_factory=dict, description="What the act needs to know, by name.")


class SandboxDone(Model):
    """What was done, and by whom."""

    do: str
    person: str
    told: JsonObject = Field(description="What is worth knowing: ids that the platform gave, an order's number.")
