"""Sentences of commands in Chinese. What stands nowhere here is said as it is written, in English."""

from __future__ import annotations

CHINESE = {
    # identity: how things are called
    " ({number}. owner)": "（第 {number} 任使用者）",
    "merge": "合并",
    "never": "永不合并",
    "split": "拆分",
    "block": "屏蔽",
    "undo": "撤销",
    "pairwise": "成对",
    # identity explain
    "{a} and {b} are one customer: {customer}": "{a} 与 {b} 是同一位客户：{customer}",
    "{a} (customer {one}) and {b} (customer {other}) are two": "{a}（客户 {one}）与 {b}（客户 {other}）是两位客户",
    "{rule} {first}, consent: {consent}": "{rule} {first}，授权：{consent}",
    "{rule} {first}, event {event}, consent: {consent}": "{rule} {first}，事件 {event}，授权：{consent}",
    # identity evaluate
    "{count:,} records name several customers (write type@scope:value); they count as not found": (
        "{count:,} 条记录指向多位客户（请写 type@scope:value），按未找到计算"
    ),
    "{records:,} records of {persons:,} persons, in {clusters:,} clusters": (
        "{records:,} 条记录，属于 {persons:,} 个真人，归成 {clusters:,} 组"
    ),
    "{count:,} records were not found: each counts as a cluster of its own": (
        "{count:,} 条记录没有找到，每条自成一组计算"
    ),
    "persons whose records are exactly one cluster: {share:.2%}": "记录恰好归成一组的真人：{share:.2%}",
    "largest cluster: {size}; largest with strangers: {wrong}": "最大的组：{size} 条；混有他人的最大一组：{wrong} 条",
    "over-merged: {count:,} persons share a customer with a stranger ({share:.2f} of 10,000), cost {cost:,.0f}": (
        "合错：{count:,} 个真人与他人归成同一位客户（每万人 {share:.2f}），代价 {cost:,.0f}"
    ),
    "under-merged: {count:,} persons are several customers ({share:.2f} of 10,000), cost {cost:,.0f}": (
        "漏合：{count:,} 个真人仍是多位客户（每万人 {share:.2f}），代价 {cost:,.0f}"
    ),
    "cost of both: {total:,.0f} ({share:,.1f} for 10,000 persons)": "两者代价合计：{total:,.0f}（每万人 {share:,.1f}）",
    # identity fit
    "{records:,} records, named by {names}; learning …": "{records:,} 条记录，编号取自{names}；正在学习……",
    "their rows": "行号",
    "their rows (some have no {column})": "行号（有些行没有 {column}）",
    "their rows ({column} {value} is there more than once)": "行号（{column} {value} 不止一次出现）",
    "{names} (with left: and right: before them, since both files have some)": (
        "{names}（两个文件有相同的编号，前面加上 left: 和 right: 区分）"
    ),
    "join from {join:.3f}, review from {review:.3f}; average linkage at {cluster:.3f}": (
        "{join:.3f} 起自动合并，{review:.3f} 起人工审核；平均链接的阈值 {cluster:.3f}"
    ),
    "{records:,} records are {clusters:,} persons, the largest of {largest}": (
        "{records:,} 条记录归成 {clusters:,} 人，最多的一人有 {largest} 条"
    ),
    "kept as version {version} of the workspace's model; match with: onepool identity match --kept": (
        "已存为工作区模型的第 {version} 版；用它匹配：onepool identity match --kept"
    ),
    # identity match
    "reading": "读取客户",
    "learning": "学习权重",
    "proposing": "整理配对",
    "comparing again": "再次比较",
    "{count:,} pairs found, {joined:,} joined, in {seconds} s": (
        "找到 {count:,} 对，自动合并 {joined:,} 对，用时 {seconds} 秒"
    ),
    "see: {command}": "查看：{command}",
    # identity preview
    "{merged} merged, {split} split, {moved} identifiers moved": "合并 {merged}，拆分 {split}，{moved} 个子ID换了归属",
    "computed on all evidence in {seconds:.1f} s; to put them in force: onepool apply": (
        "按全部证据计算，用时 {seconds:.1f} 秒；要让规则生效：onepool apply"
    ),
    # identity model
    "learned": "重新学习",
    "reviewed": "学习了人工审核",
    "fitted": "从文件学习",
    "thresholds": "调整阈值",
    "restored": "恢复旧版",
    "join": "合并",
    "review": "人工审核",
    "none": "不处理",
    "version {version} of the model: {cause}, {at}, {author}; content {hash}": (
        "模型第 {version} 版：{cause}，{at}，{author}；内容摘要 {hash}"
    ),
    "version {version} says the same: nothing to do": "第 {version} 版与现行相同，无需改动",
    "version {version} is in force again, as version {made}": "第 {version} 版已恢复生效，成为第 {made} 版",
    # identity review
    "{item} is back in the queue": "{item} 已放回队列",
    "{item} was not put off": "{item} 没有被推迟",
    "{item} is put off until {until}, or until something new is known": "{item} 推迟到 {until}，有新证据时提前放回",
    "… and {count} more: --limit": "……还有 {count} 个：--limit",
    # identity merge, never, split, block, undo
    "decision {number}: {kind}, applied": "决定 {number}：{kind}，已生效",
    "decision {number}: {kind}, the running server applies it within moments": (
        "决定 {number}：{kind}，运行中的服务器片刻内会让它生效"
    ),
    "; back again: onepool identity undo {number}": "；要撤销：onepool identity undo {number}",
    # identity rules
    "most identifiers of one customer: {most}; names that contradict: veto": (
        "一位客户最多 {most} 个子ID；姓名不符：不合并"
    ),
    "most identifiers of one customer: {most}; names that contradict: ignore": (
        "一位客户最多 {most} 个子ID；姓名不符：不看"
    ),
    "contacts between accounts: trust": "要姓名也相符才合并账号的手机号和邮箱：无",
    "contacts between accounts: typed": "要姓名也相符才合并账号的手机号和邮箱：手工填写的",
    "contacts between accounts: proved": "要姓名也相符才合并账号的手机号和邮箱：所有未验证的",
    "model: pairs join from {join} on, people are asked from {review}": "模型：{join} 起自动合并，{review} 起人工审核",
    "model: pairs join from {join} on (not by themselves), people are asked from {review}": (
        "模型：{join} 起合并（不自动），{review} 起人工审核"
    ),
    "touchpoint {touchpoint}: joining consent": "触点 {touchpoint}：有授权才合并",
    "touchpoint {touchpoint}: joining never": "触点 {touchpoint}：不用于合并",
    # journeys
    "{entered:,} would have entered, {live:,} of them would still be under way": (
        "会进入 {entered:,} 人，其中 {live:,} 人仍在途中"
    ),
    "sent": "已发送",
    "suppressed": "未发送",
    "turned away": "未能进入",
    "ended": "已结束",
    "under way": "正在途中",
    "cost": "费用",
    "basis": "依据",
    "entrants now": "当前可进入",
    "entrants per day": "每天进入",
    "holdout": "对照组",
    "paid": "付款",
    "global control": "全局对照组",
    "followed": "推演人数",
    "put off by quiet hours": "因免打扰时段推迟",
    "not sent": "未发送",
    "overlap": "与其他旅程重叠",
    "{sample} of {population}": "{population} 人中的 {sample} 人",
    "version {version}, {node}: {runs:,} {fate}": "第 {version} 版，{node}：{runs:,} 条，{fate}",
    "not begun": "尚未开始",
    "finish": "走完旧版",
    "move": "移到新版",
    "stop": "停止",
    ", ": "，",
    "; ": "；",
    "{title}: {value}": "{title}：{value}",
    "entered {entered:,}, live {live:,}; {ended}": "进入 {entered:,}，途中 {live:,}；{ended}",
    "funnel: {steps}": "漏斗：{steps}",
    "entered": "进入",
    "reached": "触达",
    "delivered": "送达",
    "read": "已读",
    "clicked": "点击",
    "goal": "达成目标",
    "{goals} of {size}": "{size} 人中 {goals} 人",
    "customer {customer}: {what}": "客户 {customer}：{what}",
    "{count:,} more: --limit": "还有 {count:,} 条：--limit",
    "{case}: {entered:,} entered, {messages:,} messages; kept as expected": (
        "{case}：进入 {entered:,} 人，消息 {messages:,} 条；已存为预期结果"
    ),
    "passed": "通过",
    "FAILED": "未通过",
    "no journey has cases: keep one with `onepool journey case JOURNEY NAME`": (
        "没有旅程存有用例：用 `onepool journey case JOURNEY NAME` 保存一个"
    ),
    "{name} has no cases: keep one with `onepool journey case {name} NAME`": (
        "{name} 没有用例：用 `onepool journey case {name} NAME` 保存一个"
    ),
    "not published: mend the draft, keep the new outcome (onepool journey case {name} NAME), or say --anyway": (
        "未发布：请修改草稿，或保存新的结果（onepool journey case {name} NAME），或加 --anyway"
    ),
    "{name} is live at version {version} ({digest})": "{name} 已上线，第 {version} 版（{digest}）",
    "{name} is paused": "{name} 已暂停",
    "{name} goes on": "{name} 已恢复",
    "{name} is being stopped: the running worker ends its runs": "{name} 正在停止：由运行中的服务结束其旅程记录",
    "noted as request {number}": "已记为第 {number} 号请求",
    "decided about {count:,} messages": "已处理 {count:,} 条消息",
    "{name} is sending": "{name} 已恢复发送",
    # segments and tags
    "{name}: {count:,} of {total:,} customers at {at}": "{name}：{total:,} 位客户中的 {count:,} 位，截至 {at}",
    "{name} at {at}: {count:,} customers": "{name}：{count:,} 位客户，截至 {at}",
    "customer {customer} is in {name}": "客户 {customer} 在人群 {name} 中",
    "customer {customer} is not in {name}": "客户 {customer} 不在人群 {name} 中",
    "all of": "全部满足",
    "any of": "任一满足",
    "not": "不满足",
    "event {event}": "事件 {event}",
    "new": "新建",
    "{tag}: {coverage:,} of {total:,} customers; {changed:,} would change ({gained:,} gained, {lost:,} lost)": (
        "{tag}：{total:,} 位客户中的 {coverage:,} 位；{changed:,} 位会变（新得 {gained:,}，失去 {lost:,}）"
    ),
    "{name}: {size:,} customers; base {base}: {base_size:,}; at {at}": (
        "{name}：{size:,} 位客户；对比 {base}：{base_size:,} 位；截至 {at}"
    ),
    "{name}: {was} -> {after} of {customers} customers (+{entered} -{left})": (
        "{name}：{was} -> {after}，共 {customers} 位客户（+{entered} -{left}）"
    ),
    "customers {listed}": "客户 {listed}",
    "used by {kind} {name}": "用于 {kind} {name}",
    # list
    "{name}: read {read:,}, entries {entries:,}, matched {matched:,}, unmatched {unmatched:,}, "
    "duplicates {duplicates:,}, refused {refused:,} ({type})": (
        "{name}：读到 {read:,}，名单项 {entries:,}，匹配到客户 {matched:,}，未匹配 {unmatched:,}，"
        "重复 {duplicates:,}，拒收 {refused:,}（{type}）"
    ),
    "{name}  {title}: customers {customers:,}, entries {entries:,}, unmatched {unmatched:,}": (
        "{name}  {title}：客户 {customers:,}，名单项 {entries:,}，未匹配 {unmatched:,}"
    ),
    "used by: {names}": "用于：{names}",
    "used by nothing": "没有被使用",
    "{name}: deleted": "{name}：已删除",
    "{list_name}: {count:,} customers of {name}": "{list_name}：{name} 的 {count:,} 位客户",
}
