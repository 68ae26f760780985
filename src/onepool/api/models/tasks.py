"""Work for associates."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model

TaskStatus = Literal["open", "done", "expired", "cancelled"]


class Task(Model):
    """One task. `kind`: a journey's own, or a message that is sent when the associate confirms it on the platform.

    A message's task may be for many customers, who are confirmed together: `customers` of them, of whom `open` are
    not decided yet; `id`, `customer_id` and `name` are those of the first.
    """

    id: int
    kind: Literal["task", "message"]
    send_id: str | None
    journey: str
    broadcast: str | None = Field(description="Name of the broadcast that it is of; `journey` is then its number.")
    run_id: str | None
    customer_id: int
    name: str | None = Field(description="What the customer is called, as far as the caller may see it.")
    customers: int
    open: int
    title: str
    body: str
    staff_id: str
    status: TaskStatus
    created: Instant
    due: Instant | None
    closed: Instant | None
    closed_by: str
    result: str
    reminded: int
    reminded_at: Instant | None
    reminders_left: int
    asked_at: Instant | None = Field(
        description="When the platform is asked next whether it was confirmed; null: nobody is asked about it."
    )


class TaskStaff(Model):
    staff_id: str
    open: int


class TaskList(Model):
    items: list[Task]
    staff: list[TaskStaff] = Field(description="Who has open tasks.")
    next: int | None = Field(description="Give it as `before` to get the next page; null at the end.")


class TaskDone(Model):
    result: str = Field("done", max_length=64)


class TaskReassign(Model):
    staff_id: str = Field(min_length=1, max_length=128)
