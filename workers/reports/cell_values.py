"""Kinds of text in a cell: a number with what belongs to it, a date or a time, nothing, or words."""

import re
from collections.abc import Sequence

_MISSING = frozenset((
    "", "nan", "none", "<na>", "nat", "null", "-", "\u2014", "\u2013", "n/a", "na", "n.a.", "#n/a", "...", "\u2026",
))  # fmt: skip
_SIGN = "[+\\-\u2212\u2013\u00b1~\u2248<>\u2264\u2265]"
_CURRENCY = r"(?:(?:US|CA|AU|NZ|HK|S|R)?[$€£¥₹₩₽₺₪₫₱₦₴¢]|Rs\.?|CHF|EUR|USD|GBP|JPY|CNY|INR|NPR|[A-Z]{3})"
_DIGITS = (
    r"(?:\d(?:[\d,.'\u2019\u00a0\u2009\u202f ]*\d)?\.?|\.\d+)"
    r"(?:[eE][+\-\u2212]?\d+|\s?[x\u00d7]\s?10\^?[\d\u2070-\u2079\u207b\u00b2\u00b3\u00b9-]+)?"
)
#: written behind a number without a blank; others need one, so that names such as 12A are not numbers
_GLUED = (
    r"(?:%|\u2030|\u00b0[CF]?|[kKMGTBmnpµ\u03bc]|bn|mn|tn|[kKMGT]i?B|B|[kmcµ\u03bcn]?m[²³23]?|[kmµ\u03bc]?g|[mµ\u03bcn]?s|h|min|d|"
    r"[kMG]?W|[kMG]?Wh|[kMG]?Hz|[kmM]?V|[mk]A|[kh]?Pa|[mc]?l|L|px|pt|x|€|£|¥|₹|¢|\$)"
)
_WORD_UNITS = (
    r"(?:days?|hours?|hrs?|mins?|minutes?|secs?|seconds?|weeks?|months?|years?|yrs?|bytes|items|rows|pcs|people|persons)"
)
_UNIT = (
    rf"(?:\s?{_GLUED}|\s{_WORD_UNITS}|\s?{_CURRENCY}|\s[^\W\d_]{{1,4}}[²³]?)"
    rf"(?:[/·\u22c5*](?:\s?[^\W\d_]{{1,4}}[²³23]?|{_WORD_UNITS}))*"
)
_AMOUNT = rf"{_SIGN}?\s?(?:{_CURRENCY}\s?)?{_SIGN}?{_DIGITS}(?:{_UNIT})?"
_SPREAD = rf"\s?(?:±|\+/?[-\u2212])\s?{_DIGITS}(?:{_UNIT})?"
_STARS = r"\s?(?:\*{1,4}|[†‡§]{1,3})"
_INTERVAL = rf"[\[(]\s?{_AMOUNT}(?:\s?[,;]\s?{_AMOUNT})?\s?[\])]"
_NUMBER = re.compile(
    rf"(?:{_AMOUNT}(?:{_SPREAD})?(?:{_STARS})?(?:\s{_INTERVAL})?|{_INTERVAL}\s?%?(?:{_STARS})?|{_SIGN}?[iI]nf(?:inity)?|{_SIGN}?\u221e)"
)
# of a version or an address; thousands are parted after every third digit
_SHORT_GROUP = re.compile(r"\.(?:\d{1,2}|\d{4,})\.")
_TIME = (
    r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp]\.?[Mm]\b\.?)?"
    r"(?:\s?(?:Z|UTC|GMT|CET|CEST)\b|\s?[+\-\u2212]\d{2}:?\d{2}\b)?"
)
_MONTH = r"[^\W\d_]{3,10}\.?"
_DATE = (
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}\.?,?\s)?"
    rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?[\s-]{_MONTH}[\s,-]{{1,2}}\d{{2,4}}|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,\s?\d{{4}}"
    rf"|\d{{4}}-{_MONTH}-\d{{1,2}})"
)
_MOMENT = re.compile(rf"(?<![\w.-])(?:{_DATE}(?:(?:\s?T|,?\s)\s?{_TIME})?|{_TIME}|\d+ days?,? [+-]?{_TIME})(?![\w-])")
_BREAKS = re.compile(r"[\s-]")


def is_missing(text: str) -> bool:
    """Return True if a cell says that there is no value."""
    return text.lower() in _MISSING


def is_numeric(texts: Sequence[str]) -> bool:
    """Return True if the texts of a column are numbers, at least one, and missing values.

    A number may have a sign, a currency, a unit, stars of significance, a spread (1.2 ± 0.3) or an interval; dates and times
    are none.
    """
    present = [text for text in texts if not is_missing(text)]
    return bool(present) and all(map(is_number, present))


def is_number(text: str) -> bool:
    """Return True if a cell is a number, with whatever belongs to one."""
    # no number is longer than this, so that the pattern need not be tried
    return len(text) <= 60 and _NUMBER.fullmatch(text) is not None and _SHORT_GROUP.search(text) is None


def is_moment(text: str) -> bool:
    """Return True if a cell is a date, a time or both."""
    return len(text) <= 60 and _MOMENT.fullmatch(text) is not None


def moments(text: str) -> list[range]:
    """Return the ranges of a longer text that are dates and times which a line could break."""
    if " " not in text and "-" not in text:
        return []
    return [range(*found.span()) for found in _MOMENT.finditer(text) if _BREAKS.search(found.group())]
