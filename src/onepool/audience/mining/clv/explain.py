"""The figures behind one customer's lifetime value."""

from __future__ import annotations

from datetime import date, timedelta

from onepool.audience.conditions import Context, Scope
from onepool.audience.mining.card import CustomerModel, Figure, Words
from onepool.audience.mining.clv.compute import asked, days_of
from onepool.audience.mining.clv.fitting import Fitted
from onepool.audience.mining.clv.purchases import figures, read_purchases
from onepool.audience.mining.store import TrainedModel, unpack
from onepool.audience.tags.learned import ClvTag
from onepool.pool import Session

_EPOCH = date(1970, 1, 1)


def explain_clv(session: Session, tag: ClvTag, trained: TrainedModel, customer_id: int, ctx: Context) -> CustomerModel:
    """As of the run: what was known of the customer, and what the model made of it."""
    assert trained.model is not None
    fitted = Fitted.from_arrays(unpack(trained.model))
    at = trained.as_of
    bought = read_purchases(session, tag, at, Scope.one(customer_id), ctx)
    empty = CustomerModel(customer_id=customer_id, as_of=at, value=None, number=None)
    if not bought.customers.size:
        return empty
    found = figures(bought, fitted.period if tag.period is not None else None)
    foreseen = fitted.foresee(found, days_of(tag.horizon), tag.discount)
    number = float(asked(tag, foreseen)[0])
    days = days_of(tag.horizon)
    shown: list[tuple[str, str, str, float | str]] = [
        ("purchases", "购买天数", "Days with purchases", float(bought.day.size)),
        ("first_purchase", "首次购买", "First purchase", _day(int(bought.day.min()))),
        ("last_purchase", "最近购买", "Last purchase", _day(int(bought.day.max()))),
        ("days_since", "距最近购买天数", "Days since the last purchase", float(bought.today - int(bought.day.max()))),
        ("alive", "仍是客户的概率", "Probability to be a customer still", float(foreseen.alive[0])),
        (
            "expected_purchases",
            f"{days} 天内预计购买次数",
            f"Purchases expected in {days} days",
            float(foreseen.purchases[0]),
        ),
    ]
    if fitted.spending is not None:
        shown += [
            ("mean_spend", "复购平均消费", "Mean spend of repeat purchases", float(found.mean[0])),
            (
                "expected_spend",
                "预计每次消费（与总体平均折中）",
                "Spend expected at a purchase (between the own mean and that of all)",
                float(fitted.spending.expected(found.paid, found.mean)[0]),
            ),
            ("worth", f"{days} 天内预计消费的现值", f"Worth now of {days} days' spending", float(foreseen.worth[0])),
        ]
    return CustomerModel(
        customer_id=customer_id,
        as_of=at,
        value=f"{round(number, 4):g}",
        number=round(number, 4),
        figures=[Figure(name=name, title=Words(zh=zh, en=en), value=value) for name, zh, en, value in shown],
    )


def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).isoformat()
