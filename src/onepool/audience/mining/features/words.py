"""Features in words, in both languages."""

from __future__ import annotations

from onepool.audience.conditions import Context
from onepool.audience.mining.card import Words
from onepool.audience.mining.features.plan import Column

_KINDS = {"channel": "channel", "attribute": "attribute", "tag": "tag"}


def feature_title(column: Column, ctx: Context) -> Words:
    """What the feature is: `orders paid: times in 30 days`."""
    known = ctx.names.titles.get(f"{_KINDS.get(column.kind, 'event')}:{column.of}", {})
    zh, en = known.get("zh", column.of), known.get("en", column.of)
    days = column.window
    match column.kind:
        case "times":
            return Words(zh=f"{days} 天内“{zh}”次数", en=f"{en}: times in {days} days")
        case "days":
            return Words(zh=f"{days} 天内有“{zh}”的天数", en=f"{en}: on how many of {days} days")
        case "active":
            return Words(zh=f"{days} 天内活跃天数", en=f"active on how many of {days} days")
        case "since":
            if not column.of:
                return Words(zh="距最近一次行为的天数", en="days since the last event")
            return Words(zh=f"距最近一次“{zh}”的天数", en=f"{en}: days since the last one")
        case "first":
            if not column.of:
                return Words(zh="距首次行为的天数", en="days since the first event")
            return Words(zh=f"距首次“{zh}”的天数", en=f"{en}: days since the first one")
        case "amount":
            return Words(zh=f"{days} 天内“{zh}”金额", en=f"{en}: amount in {days} days")
        case "channel":
            return Words(zh=f"{days} 天内在渠道 {zh} 的行为数", en=f"events on {en} in {days} days")
        case "category":
            return Words(zh=f"{days} 天内与品类“{zh}”相关的行为数", en=f"events about the category {en} in {days} days")
        case "attribute":
            return Words(zh=f"属性“{zh}”", en=f"attribute {en}")
    return Words(zh=f"标签“{zh}”", en=f"tag {en}")


def shown(column: Column, value: float) -> float | str | None:
    """A feature's value for people: texts instead of codes, None where nothing is known."""
    if value != value:
        return None
    if column.levels is None:
        return round(float(value), 4)
    code = int(value)
    return column.levels[code] if code < len(column.levels) else "…"


def in_words(column: Column, value: float | str | None, effect: float, ctx: Context) -> Words:
    """What the feature did to a score: `orders paid: times in 30 days is 3: raises it`."""
    title = feature_title(column, ctx)
    figure = f"{value:g}" if isinstance(value, float) else value
    zh = f"{title.zh}为 {figure}" if figure is not None else f"{title.zh}未知"
    en = f"{title.en} is {figure}" if figure is not None else f"{title.en} is unknown"
    strong = abs(effect) >= 0.5
    up = effect > 0
    return Words(
        zh=f"{zh}：{'明显' if strong else '略'}{'提高' if up else '降低'}得分",
        en=f"{en}: {'raises' if up else 'lowers'} the score {'much' if strong else 'a little'}",
    )
