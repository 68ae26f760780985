"""Hanzi in names that look alike and are mixed up by eye, by handwriting and by scanners."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from onepool.identity.naming.syllables import HANZI_END, HANZI_FIRST

_ALIKE: Final = """未末 土士 干于千 人入 大太 天夭 日曰 己已巳 王玉主 田由甲申 木术本 刀力 午牛 今令 白百 自目 且旦 侯候
    范苑 汪江 洁浩 浩皓 晴睛清情倩 青春 静净 辉晖挥 炜伟纬玮 伟韦 杨扬汤场 阳阴 祥样详洋 怡恰 恬活 妮妍 研妍
    娟捐绢 娜哪 婷停 婕捷 暖媛缓瑗 茵菌 莉利 莲连 萍苹平 荣莹 莹荧萤营 蓉容榕 薇微徽 宏宠 宜宣 宣萱
    宸辰晨振震 晟盛 昊吴旲 昕听欣 晓骁绕浇烧 景影 冰水泳永 兵岳丘 风凤夙 刚钢纲 岗岚 坤坦 垣桓恒 培倍陪
    城诚成 戊戌戍 武斌 文纹 雯雪 霄宵 霞露 志忘 思恩 惠慧蕙 悦说锐 朋明 朗郎 丽俪骊 利和秋 科秋 秀季李 孝李
    李杏 彬杉 柏伯拍 桂挂佳 佳住隹 桃挑 梅海悔 樱缨 波坡 泽择 洲州 洪供 涛寿焘滔 淑椒 源原 滨宾 瀚翰 灿仙
    炳柄 煜煌 焕换 熙照 玲铃 玲珍 珍诊 珊姗 珠株 琦绮 琪棋淇 琳淋 璐露路 瑶摇遥 瑞端 璇旋 瑜喻俞愉 畅杨 睿容
    福富 禄绿 笑竺 简问间 红江 纪记 纯钝 娇桥骄矫 绍招昭邵 维谁 翔祥 耀曜 胜性 芳方 芬分 芝芸 若苦 茜西 荷何
    华毕 蕾雷 虎虚 虹红 袁哀 裴斐 谭潭 贵责 贺货 赵越超 轲柯坷 迪油 邓郑 郭敦 金全 铭名 锋峰蜂烽 锦绵棉 镇真
    闫问 阎闫 陈阵陆 陶淘 隆降 雁鹰 霖淋 顺须 项顶 颖颍 马乌 鹏朋 鹤鹊 麟鳞 黎犁 乐东 东车 朱末未 宋宗 沈沉
    冼洗 冯玛 刘浏 孙孔 孟盂 尹伊君 崔催 廖寥 彭膨 徐余佘涂 曹漕 曾会 柳卯 栗粟 梁粱 段殷 洛络 湛堪 濮仆
    牟年 祁祈 祝况 秦泰奏 童章 管菅 苗田 萧肃 董重 蒋将 蓝篮 薛薜 贾买 邢刑 郝赤赫 鲍饱 龙尤 龚龏 欧殴 单早
    仇优 何河 吕侣品 凌浚陵 卢户 叶什 古占 向问 史吏"""
"""Groups of two or more, in simplified characters."""


@cache
def alike() -> frozenset[tuple[int, int]]:
    """Pairs of code points that look alike, both ways round."""
    return frozenset(
        (ord(one), ord(other)) for group in _ALIKE.split() for one in group for other in group if one != other
    )


@cache
def alike_packed() -> npt.NDArray[np.int64]:
    """The same pairs as smaller << 16 | larger, ascending: for compiled look-up."""
    packed = {min(a, b) << 16 | max(a, b) for a, b in alike() if min(a, b) >= HANZI_FIRST and max(a, b) < HANZI_END}
    return np.array(sorted(packed), np.int64)
