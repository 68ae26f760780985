"""What a task says is written for associates; others see it by their role."""

from __future__ import annotations

import pytest

from onepool.api.access import Caller
from onepool.api.routers.tasks import _said
from onepool.privacy.roles import Role

TEXT = "致电张伟 13711112222"


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        (Role.MARKETER, TEXT),
        (Role.APPROVER, TEXT),
        (Role.ADMIN, TEXT),
        (Role.PRIVACY, "致电张伟 137****2222"),
        (Role.ANALYST, "***"),
        (Role.ENGINEER, "***"),
    ],
)
def test_by_role(role: Role, shown: str) -> None:
    who = Caller(1, "a@b.test", "a", role, None, "session", None, None)
    assert (_said(TEXT, who), _said("", who)) == (shown, "")
