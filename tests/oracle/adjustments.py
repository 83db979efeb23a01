"""What one month alone has (next/05-adjustments.md), and fees that are a part of what is billed."""
import csv
import io
import re
import tomllib
from fractions import Fraction

from figures import Refused, decimals, glob, number, rounded, setting

KINDS = ("amount", "unit-price", "percent")


def first_name(name):
    return name if isinstance(name, str) else next(iter(name.values()))


def read_adjustments(workspace, month, customers, active):
    """The month's adjustments in the order of their ids; `customers` are the ids of all, `active` of those that are billed."""
    tables = []
    folder = workspace / "adjustments"
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        if path.name == f"{month}.toml":
            tables += tomllib.loads(path.read_text("utf-8")).get("adjustment", [])
        elif glob(f"{month}*.csv", path.name):
            rows = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
            tables += [{key: value for key, value in row.items() if value} for row in rows]
    seen = set()
    for one in tables:
        what = one["id"]
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", what) or what in seen:
            raise Refused("adjustment-id", what)
        seen.add(what)
        if one["customer"] not in customers:
            raise Refused("unknown-customer", what)
        if one["customer"] not in active:
            raise Refused("inactive-customer", what)
        if sum(key in one for key in KINDS) != 1 or ("quantity" in one) != ("unit-price" in one):
            raise Refused("adjustment-kind", what)
        if any(key in one and setting(one[key]) == 0 for key in ("amount", "quantity", "unit-price")):
            raise Refused("adjustment-amount", what)
        if "percent" in one and not -1 <= setting(one["percent"]) <= 10:
            raise Refused("adjustment-percent", what)
        if "date" in one and re.sub(r"\D", "", one["date"])[:6] != month:
            raise Refused("adjustment-date", what)
        if re.sub(r"\D", "", one.get("supply", month)) > month:
            raise Refused("adjustment-supply", what)
    return sorted(tables, key=lambda one: one["id"])


def matches(of, item):
    """The keys of `[[item]]`."""
    return (glob(of.get("item", "*"), item["name"]) and of.get("kind", item["kind"]) == item["kind"]
            and ("source" not in of or (item["source"] is not None and glob(of["source"], item["source"]))))


def kind_of(amount, otherwise):
    return "discount" if amount < 0 else otherwise


def amount_items(tables, own_category, rate_in, converted, exact_rate, mode, places):
    """The items of adjustments with an amount, or with a quantity and a unit price."""
    items = []
    for one in tables:
        if "percent" in one:
            continue
        if "amount" in one:
            amount = setting(one["amount"])
            if decimals(amount) > places and "currency" not in one:
                raise Refused("adjustment-amount", one["id"])
            exact = amount * exact_rate(one.get("currency"))
            amount, quantity = converted(amount, one.get("currency")), None
        else:
            quantity = setting(one["quantity"])
            exact = quantity * setting(one["unit-price"]) * exact_rate(one.get("currency"))
            amount = rounded(exact, mode, places)
        category = one.get("tax-category", own_category)
        supply = re.sub(r"\D", "", one.get("supply", ""))
        items.append({"kind": kind_of(amount, "adjustment"), "name": first_name(one["name"]), "source": None,
                      "tax_category": category, "amount": amount, "exact": exact, "quantity": quantity,
                      "tax_included": one.get("tax") == "included",
                      "adjustment": one["id"], **({"tax_rate": rate_in(category, supply)} if supply else {})})
    return items


def percent_items(tables, base, group_of, kind, mode, places, readings):
    """One item per tax group of what each table's `of` matches, each rounded once."""
    items = []
    for one in tables:
        if "percent" not in one:
            continue
        sums = {}
        for item in base:
            if matches(one.get("of", {}), item):
                sums.setdefault(group_of(item), []).append((item["amount"], item.get("exact", item["amount"])))
        if not sums and (kind == "adjustment" or readings["percent-of-nothing"] == "refuse"):
            raise Refused("percent-of-nothing", first_name(one["name"]))
        for (category, rate, included), parts in sums.items():
            # base = Σ amounts of the matched items, which are rounded; `exact` is what it would be if nothing were.
            amount = rounded(sum((amount for amount, _ in parts), Fraction(0)) * setting(one["percent"]), mode, places)
            exact = sum((exact for _, exact in parts), Fraction(0)) * setting(one["percent"])
            items.append({"kind": kind_of(amount, kind), "name": first_name(one["name"]), "source": None, "tax_category": category,
                          "amount": amount, "exact": exact, "quantity": None, "tax_rate": rate, "tax_included": included, "percent": True,
                          **({"adjustment": one["id"]} if kind == "adjustment" else {})})
    return items


def summary(tables, items, before_tax, costs):
    return {"count": len(tables), "amount": sum((before_tax(one) for one in items), Fraction(0)), "cost": costs}


def cost_of(tables):
    return sum((number(str(one["cost"])) for one in tables if "cost" in one), Fraction(0))
