"""Chinese surnames: single and compound, their own readings, and how usual they are.

The single ones are those of the Song dynasty's 百家姓 and the usual ones of today; readings are given where a surname
is read otherwise than the character by itself (单 is Shan).
"""

from __future__ import annotations

from functools import cache
from typing import Final

from onepool.identity.naming.syllables import reading

USUAL: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭"
    "陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
"""The hundred most usual surnames (84 % of the people), the most usual first."""

_OTHER: Final = (
    "褚卫尤施华戚喻柏水窦章云葛奚郎鲁昌苗凤花俞柳酆鲍费廉岑倪滕殷毕邬安常乐时傅皮卞齐康伍元卜平和穆萧湛祁禹狄米贝明臧"
    "计伏成谈茅庞纪舒屈项祝阮蓝闵席季麻强路娄危童颜梅盛刁骆樊凌霍虞支柯昝管经房裘缪干解应宗宣贲郁单杭洪包诸左吉钮嵇邢"
    "滑裴荣翁荀羊於惠甄曲家封芮羿储靳汲邴糜松井富巫乌焦巴弓牧隗山谷车宓蓬全郗班仰秋仲伊宫宁仇栾暴甘钭厉戎祖符景詹束幸"
    "司韶郜蓟薄印宿怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴鬱胥能苍双闻莘党翟贡劳逄姬申扶堵冉宰郦雍郤璩桑桂濮牛寿通边扈燕冀郏"
    "浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容古易慎戈庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖"
    "融冷訾辛阚那简饶空毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公督仉子亓晋楚法汝鄢涂钦岳帅缑亢况有琴商牟佘佴伯赏"
    "墨哈谯笪年爱佟第言福代邸战苑信修原丛冼区卿台尧尼展崖揭撒敬斯旷智朴来栗楼母漆由畅矫禚种税粟续肇良芦苟药衣谌赫迟邝"
    "郇闪隋雒青顿鲜麦仝兰占宛尉底延才扎招普植檀沐洛淦玉眭秘练萨蹇郄银镡贠员恽俱冶仓儒初妥宝巨希弋忻折撖敏果格欣玄瓮粘"
    "资达迪侍保俸具勇化却及图坚玛生祭羌苘覃见逢郸鄞呙幺妫洗句菅泮仵佀冮尕訚缐綦麴隽睢虢衷于阳鄯骞"
)
_COMPOUND: Final = (
    "万俟 司马 上官 欧阳 夏侯 诸葛 闻人 东方 赫连 皇甫 尉迟 公羊 澹台 公冶 宗政 濮阳 淳于 单于 太叔 申屠 公孙 仲孙 "
    "轩辕 令狐 钟离 宇文 长孙 慕容 鲜于 闾丘 司徒 司空 亓官 司寇 颛孙 端木 巫马 公西 漆雕 乐正 壤驷 公良 拓跋 夹谷 "
    "宰父 谷梁 百里 东郭 南门 呼延 羊舌 微生 梁丘 左丘 东门 西门 南宫 第五 独孤 南荣 北宫 完颜 耶律 叶赫 纳兰 哥舒 "
    "贺兰 达奚 侯莫 爱新觉罗 钮祜禄 瓜尔佳 富察"
)
_OWN_READINGS: Final = (
    "单shan 仇qiu 解xie 曾zeng 区ou 任ren 查zha 盖ge 朴piao 尉wei 乐yue 冼xian 宓mi 缪miao 折she 黑he 秘bi 种chong "
    "召shao 纪ji 员yun 贠yun 钭tou 覃qin 乜nie 翟zhai 华hua 宁ning 应ying 葛ge 石shi 车che 薄bo 隗wei 占zhan 瞿qu "
    "晁chao 逄pang 燕yan 牟mou 能nai 佴nai 那na 相xiang 于yu 幺yao 呙guo 祭zhai 洗xian 适kuo 撒sa 哈ha 句gou "
    "盛sheng 沈shen 莘shen 谌chen 阚kan 郇huan 郗xi 厘li 曲qu 柏bai 贾jia 郝hao 重chong 褚chu 干gan 强qiang 令ling "
    "阿a 洪hong 费fei 卜bu 都du 殷yin 臧zang 俞yu 万wan 谷gu 晟cheng 祝zhu 藏zang 繁po 仉zhang 仝tong 长chang 奇qi "
    "行xing 余yu 佘she 艾ai 夏xia 戚qi"
)
_COMPOUND_READINGS: Final = {
    "万俟": "moqi", "澹台": "tantai", "长孙": "zhangsun", "尉迟": "yuchi", "单于": "chanyu", "乐正": "yuezheng",
    "南宫": "nangong", "纳兰": "nalan",
}  # fmt: skip

# Romanised in Hong Kong, Macao, Taiwan and South-East Asia: these say nothing that could be held against pinyin.
ELSEWHERE: Final = frozenset(
    """chan cheung wong leung kwok chow tsang hui ng lam lau yeung cheng tsui yip fung choi tse kwan siu mok tam chiu ho
    lee chang hsu hsieh tsai kuo chou chiang tseng yeh teng tang hsiao liao chien chiu ko kwong poon ip kong mak
    leong teo goh tay koh ong chua neo ooi khoo yap loke foo chong chin cheong lui szeto auyeung lok
    tong""".split()  # noqa: SIM905
)

SINGLE: Final = frozenset(USUAL + _OTHER)
COMPOUND: Final = frozenset(_COMPOUND.split())
LONGEST_COMPOUND: Final = max(map(len, COMPOUND))
_READING: Final = {entry[0]: entry[1:] for entry in _OWN_READINGS.split()}


@cache
def surname_reading(surname: str) -> str:
    """Toneless reading of a surname as one word: 单 -> `shan`, 欧阳 -> `ouyang`."""
    if len(surname) > 1:
        return _COMPOUND_READINGS.get(surname) or "".join(reading(one) for one in surname)
    return _READING.get(surname) or reading(surname)


@cache
def surname_rank() -> dict[str, int]:
    """Reading of a surname -> rank of the most usual surname read so (0 = the most usual of all).

    Rare surnames have a rank from 1,000 on, compound ones 500.
    """
    ranks: dict[str, int] = {}
    for rank, surname in enumerate(USUAL):
        ranks.setdefault(surname_reading(surname), rank)
    for surname in COMPOUND:
        ranks.setdefault(surname_reading(surname), 500)
    for rank, surname in enumerate(_OTHER, 1_000):
        ranks.setdefault(surname_reading(surname), rank)
    return ranks
