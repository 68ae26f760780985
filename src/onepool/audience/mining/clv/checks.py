"""What speaks against a lifetime value: reasons not to publish it, and warnings."""

from __future__ import annotations

import numpy as np

from onepool.audience.mining.card import Notice, counted, notice
from onepool.audience.mining.clv.fitting import Fitted
from onepool.audience.mining.clv.purchases import Figures, Purchases
from onepool.audience.mining.lifetime.gamma_gamma import correlation
from onepool.audience.tags.learned import ClvTag

LOW_REPEAT = 0.1
MANY_ONCE = 0.4
CORRELATED = 0.3
CUT_OFF = 0.05
OFF = 1.35


def too_few(tag: ClvTag, figures: Figures) -> list[Notice]:
    """Whether there is enough to learn from at all."""
    again, least = int((figures.frequency > 0).sum()), tag.minimum.repeat_buyers
    if again >= least:
        return []
    return [
        notice(
            "few-repeat-buyers",
            f"{f'只有 {again:,} 位' if again else '没有'}客户购买过不止一次，至少需要 {least:,} 位",
            f"{counted(again, 'customer', 'customers')} bought more than once; at least {least:,} must have",
            (
                "等待更多复购，放宽 within，或降低 minimum.repeat_buyers",
                "wait for more, widen `within`, or lower minimum.repeat_buyers",
            ),
        )
    ]


def refusals(tag: ClvTag, fitted: Fitted) -> list[Notice]:
    """Why a fitted model is not to be used."""
    found = []
    assert fitted.estimate is not None
    if not fitted.estimate.converged:
        found.append(
            notice(
                "not-converged",
                "似然函数没有找到极大值",
                "the likelihood has no maximum that could be found",
                ("换用另一种 fit，或检查购买事件", "try another `fit`, or look at what counts as a purchase"),
            )
        )
    if tag.predict != "money":
        return found
    if fitted.spending is None:
        found.append(
            notice(
                "no-amounts",
                f"复购中没有可用的金额（{tag.source.sum}）",
                f"repeat purchases have no amounts above 0 to learn from ({tag.source.sum})",
                ("检查 from.sum 和 from.currency", "check from.sum and from.currency"),
            )
        )
    elif fitted.spending.q <= 1:
        found.append(
            notice(
                "spend-without-mean",
                "客户之间的消费差异过大，平均消费没有有限的期望",
                "customers differ so much in what they spend that the mean of all has no finite expectation",
                ("改为 predict: purchases，或排除极端订单", "predict: purchases, or leave out extreme orders (where)"),
            )
        )
    return found


def warnings(tag: ClvTag, purchases: Purchases, figures: Figures, fitted: Fitted) -> list[Notice]:
    """What to know before relying on it."""
    found = []
    size = figures.frequency.size
    once = figures.frequency == 0
    share = float(once.mean())
    if fitted.model.name == "bg_nbd" and share >= MANY_ONCE:
        days = float(np.median(figures.age[once])) * fitted.period
        found.append(
            notice(
                "one-time-buyers-alive",
                f"{share:.0%} 的客户只买过一次；BG/NBD 认为他们必定仍是客户，尽管半数人上次购买已在 {days:.0f} 天以前",
                f"{share:.0%} of customers bought once; BG/NBD holds that they are certainly customers still, though"
                f" half of them bought {days:.0f} days ago or longer",
                ("fit: mbg_nbd 允许首次购买后流失", "fit: mbg_nbd lets them stop after the first purchase"),
            )
        )
    if 1 - share < LOW_REPEAT:
        found.append(
            notice(
                "low-repeat-rate",
                f"只有 {1 - share:.1%} 的客户复购：大多数预测几乎等于总体平均",
                f"only {1 - share:.1%} of customers bought again: most predictions are hardly more than the average",
            )
        )
    assert fitted.estimate is not None
    if fitted.estimate.flat:
        found.append(_flat("likelihood-flat", "购买模型", "the model of purchases"))
    if fitted.spending_estimate is not None and fitted.spending_estimate.flat:
        found.append(_flat("spend-likelihood-flat", "消费模型", "the model of spending"))
    if tag.predict == "money":
        paid = figures.paid > 0
        value = correlation(figures.paid[paid], figures.mean[paid])
        if abs(value) > CORRELATED:
            found.append(
                notice(
                    "spend-depends-on-frequency",
                    f"购买次数与每次消费相关（{value:.2f}），而 Gamma-Gamma 假定二者独立：高频客户的价值会有偏差",
                    f"how often and how much are correlated ({value:.2f}), and Gamma-Gamma takes them for independent:"
                    " values of frequent buyers are off",
                )
            )
    before = float(purchases.earlier.mean()) if size else 0.0
    if before > CUT_OFF:
        found.append(
            notice(
                "history-cut",
                f"{before:.0%} 的客户在时间窗之前已有购买，其客户生命周期从窗内首购算起",
                f"{before:.0%} of the customers bought before the window; their lifetimes are counted from within it",
                ("去掉 within，使用全部历史", "leave `within` out, so that all history counts"),
            )
        )
    assert tag.horizon.micros is not None
    span = float(figures.age.max(initial=0)) * fitted.period
    if tag.horizon.micros / 86_400_000_000 > span:
        found.append(
            notice(
                "horizon-long",
                f"预测期长于现有的 {span:.0f} 天历史",
                f"the horizon is longer than the {span:.0f} days of history",
            )
        )
    return found


def holdout_warning(ratio: float, days: int) -> list[Notice]:
    """What came against what had been foreseen (1: just that)."""
    if 1 / OFF <= ratio <= OFF:
        return []
    return [
        notice(
            "holdout-off",
            f"用 {days} 天以前的数据预测，这 {days} 天的购买是预测的 {ratio:.0%}",
            f"foreseen from {days} days ago, purchases of these {days} days came to {ratio:.0%} of what was expected",
            (
                "可能有季节、促销或渠道变化；缩短预测期",
                "look for seasons, promotions or new channels; take a shorter horizon",
            ),
        )
    ]


def _flat(code: str, zh: str, en: str) -> Notice:
    return notice(
        code,
        f"{zh}的似然函数在某个方向上几乎是平的：单个参数没有意义，预测仍可能可用",
        f"the likelihood of {en} is nearly flat in some direction: single parameters mean nothing, predictions may",
        ("看校准表；需要更长的历史", "look at the calibration; longer history settles it"),
    )
