"""How often things happen and go wrong in the generated brand. The tests hold the traffic to these rates."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class BrandRates:
    """Probabilities unless said otherwise."""

    # who is where
    wechat: float = 0.88
    """Has a WeChat account that meets the brand at all; the next three are of those."""
    follows: float = 0.72
    mini: float = 0.78
    friend: float = 0.34
    """WeCom contact of an associate."""
    unionid_hidden: float = 0.04
    """Followers whose unionid the account's user/info never gave."""
    member: float = 0.62
    """Of those in the mini program: registers with the phone that WeChat proves."""
    store_member: float = 0.35
    """Of those who visit stores: registers there, with a phone that is typed."""
    douyin: float = 0.30
    youzan: float = 0.20
    xiaohongshu: float = 0.18
    tmall: float = 0.48
    omid: float = 0.4
    """Of those on Tmall: joined the brand's membership there."""
    jd: float = 0.28
    web: float = 0.26
    app: float = 0.24
    store: float = 0.34
    email: float = 0.4
    form: float = 0.12
    second_record: float = 0.06
    """Members with a second record in the CRM."""
    unphoned: float = 0.5
    """Of the second records: copied from elsewhere, with a masked phone or none, and no e-mail address."""
    known_before: float = 0.25
    """Customers whom the CRM knew before the period, by a record with the number that they had then."""
    # numbers and what is typed instead of them
    number_change: float = 0.12
    """Numbers given back in a year."""
    number_reissued: float = 0.8
    """Of those: given to another customer, after 90 to 400 days of rest."""
    staff_phone: float = 0.15
    """Memberships taken out in a store for which an associate gives the own number."""
    kiosk: float = 0.4
    """Accounts of the site that are opened at a store's kiosk."""
    placeholder: float = 0.03
    """Phones typed where nobody checks them that are none: 13800138000, 13888888888, 00000000000."""
    # life
    orders: float = 0.028
    """Orders a day of an active customer, on average; single customers differ by a log-normal factor."""
    visits: float = 0.030
    """Visits a day without an order of an active customer, to each of mini program, app and site that they use."""
    abandoned: float = 0.45
    """Visits without an order in which something is put into the cart all the same."""
    quiet: float = 0.45
    """Customers who go quiet before the end; ``back`` of them come back."""
    back: float = 0.35
    chats: float = 0.012
    """Conversations a day with an associate, of an active WeCom contact."""
    chat_answered: float = 0.92
    unfollows: float = 0.12
    refunded: float = 0.06
    unpaid: float = 0.08
    coupon_used: float = 0.3
    """Orders of somebody who holds a coupon: it is redeemed."""
    guest_store: float = 0.05
    """Purchases in a store without saying who one is."""
    consent: float = 0.8
    consent_withdrawn: float = 0.05
    control: float = 0.2
    """Of a campaign's audience: kept without the message, at random."""
    # records
    encrypted: float = 0.35
    """Youzan orders whose phone is a cipher text; the others show it, half of them masked."""
    receiver_other: float = 0.15
    privacy_number: float = 0.35
    """Orders at Tmall and JD whose receiver has a privacy number, new for each order; the others have a masked one."""
    guest_privacy: float = 0.3
    """Orders of guests of site and app who leave a privacy number instead of their own."""
    late: float = 0.01
    """Deliveries that come minutes to two days after what they tell."""
    double: float = 0.006
    """Deliveries that come twice."""
    dirty: float = 0.003
    """Things on site, app, mini program and forms that the data standard must refuse."""
    odd: float = 0.01
    """Fields written in an odd but readable way: full-width digits, spaces, a currency sign."""

    def as_dict(self) -> dict[str, float]:
        """By name."""
        return asdict(self)


RATES = BrandRates()
