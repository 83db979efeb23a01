"""Exact figures, patterns and shares: what every part of the oracle is built of."""
import functools
import re
import unicodedata
from fractions import Fraction

MATCH_KEYS = ("source", "account", "resource", "resource-name", "item", "group", "tag")

class Refused(Exception):
    """The rules say that nothing may be billed; `kind` names the reason."""

    def __init__(self, kind, detail=""):
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail = kind, detail


# --- numbers ---------------------------------------------------------------------------------------------------------

NUMBER = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?\Z", re.ASCII)


def number(text):
    """The exact value of a number written plainly or with an exponent."""
    found = NUMBER.match(text)
    if not found:
        raise Refused("bad-number", text)
    sign, digits, exponent = found.groups()
    whole, _, part = digits.partition(".")
    value = Fraction(int((whole + part) or "0")) * Fraction(10) ** (int(exponent or 0) - len(part))
    return -value if sign == "-" else value


def setting(value):
    """A figure from a TOML file: a string or an integer, with an optional percent sign; floats are refused."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise Refused("bad-number", repr(value))
    text = str(value)
    return number(text[:-1]) / 100 if text.endswith("%") else number(text)


def decimals(value):
    """How many decimals the value needs, trailing zeros dropped."""
    twos = fives = 0
    rest = value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        raise ValueError(f"{value} is no finite decimal")
    return max(twos, fives)


def plain(value):
    """The value as plain decimal text, without trailing zeros."""
    places = decimals(value)
    digits = str(abs(value.numerator) * 10 ** places // value.denominator).rjust(places + 1, "0")
    text = digits[:-places] + "." + digits[-places:] if places else digits
    return "-" + text if value < 0 else text


def rounded(value, mode, places):
    """Rounds the absolute value, then gives the sign back."""
    scaled = abs(value) * 10 ** places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * rest
    if mode == "up":
        more = rest > 0
    elif mode == "down":
        more = False
    elif mode == "half-up":
        more = twice >= scaled.denominator
    elif mode == "half-even":
        more = twice > scaled.denominator or (twice == scaled.denominator and whole % 2 == 1)
    else:
        raise Refused("bad-setting", f"rounding {mode}")
    result = Fraction(whole + more, 10 ** places)
    return -result if value < 0 else result


# --- patterns ----------------------------------------------------------------------------------------------------------

def composed(text):
    return unicodedata.normalize("NFC", text)


@functools.lru_cache(100_000)
def glob(pattern, text):
    """`*` and `?` on characters after NFC; `[*]` and `[?]` are these two themselves, and so is everything else."""
    pattern, text = composed(pattern), composed(text)
    # A table of reachable positions rather than a regular expression: nothing needs escaping, nothing backtracks.
    reach = {0}
    for sign in re.findall(r"\[[*?]\]|.", pattern, re.DOTALL):
        if sign == "*":
            reach = set(range(min(reach), len(text) + 1)) if reach else set()
        else:
            reach = {at + 1 for at in reach if at < len(text) and sign in ("?", text[at], f"[{text[at]}]")}
    return len(text) in reach


def glob_or_absent(pattern, text):
    """For tags, groups and names: an absent or empty value matches only the empty pattern."""
    return glob(pattern, text) if text else pattern == ""


def holds(rule, charge, readings):
    """Whether all the match keys of a rule hold for the charge."""
    for key in MATCH_KEYS:
        if key not in rule:
            continue
        pattern = rule[key]
        if key == "tag":
            if not all(glob_or_absent(value, charge.tags.get(composed(name), "")) for name, value in pattern.items()):
                return False
        elif key == "group":
            # A row may carry both the name and the id of its group; a pattern may mean either.
            present = [group for group in charge.groups if group]
            if not (any(glob(pattern, group) for group in present) if present else pattern == ""):
                return False
        elif key == "resource-name":
            if not glob_or_absent(pattern, charge.resource_name):
                return False
        else:
            text = {"source": charge.source, "account": charge.account, "resource": charge.resource,
                    "item": charge.item}[key]
            absent_matters = readings["empty-resource"] == "only-empty" and key in ("resource", "account")
            if not (glob_or_absent(pattern, text) if absent_matters else glob(pattern, text)):
                return False
    return True


# --- shares ------------------------------------------------------------------------------------------------------------

def split(value, ratios):
    """Largest remainder: cut toward zero, then one unit each to the largest cut-off parts, ties to the smaller key."""
    total = sum(ratios.values())
    places = max(decimals(value), 4)
    unit = Fraction(1, 10 ** places)
    sign = -1 if value < 0 else 1
    exact = {one: abs(value) * ratio / total for one, ratio in ratios.items()}
    cut = {one: (part // unit) * unit for one, part in exact.items()}
    missing = (abs(value) - sum(cut.values())) / unit
    order = sorted(exact, key=lambda one: (-(exact[one] - cut[one]), one))
    for one in order[:int(missing)]:
        cut[one] += unit
    assert sum(cut.values()) == abs(value) and missing < len(order) + 1
    return {one: sign * part for one, part in cut.items()}
