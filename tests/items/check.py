#!/usr/bin/env python3
"""Works out what an invoice prints of its items from what the provider counted, and looks for it in the PDF.

usage: check.py WORKSPACE OUT/MONTH

For every customer's JSON: name, heading, unit, quantity and unit price of each item follow from the raw figures beside them
and the `[[item]]` tables of invoicer.toml, the customer's file and the built-in ones (docs/items.md), in exact decimals. In
the text of the PDF, before the appendix, each item's line and each heading stands once. The closing line is
`N items of M invoices, N failed`; exit 1 on a failure.
"""
import fnmatch
import json
import re
import subprocess
import sys
import tomllib
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from fractions import Fraction
from pathlib import Path

# Wide enough that no product or quotient of 28 digits is rounded before we say so.
EXACT = Context(prec=120)
MODES = {"up": ROUND_UP, "down": ROUND_DOWN, "half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN,
         "floor": ROUND_FLOOR, "ceil": ROUND_CEILING}
CURRENCY_DECIMALS = {"JPY": 0, "USD": 2, "EUR": 2}
MEGABYTE = {"unit": "MB", "scale": "1048576", "decimals": 2}
BUILT_IN = [
    {"item": "basicCharge", "name": {"ja": "基本料金", "en": "Basic charge"}},
    {"item": "uploadDataCharge", "name": {"ja": "データ通信料（上り）", "en": "Data, upload"}, **MEGABYTE},
    {"item": "downloadDataCharge", "name": {"ja": "データ通信料（下り）", "en": "Data, download"}, **MEGABYTE},
]
APPENDIX = {"ja": "ご利用明細", "en": "Usage details"}
# Prices with more decimals are not for people.
PRICE_DECIMALS = 6


def rounded(value, decimals, mode):
    """A Fraction, rounded to so many decimals."""
    exact = EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=mode, context=EXACT)


def ended(value, most=60):
    """Decimals of a Fraction that ends; none where it does not."""
    for decimals in range(most):
        if (value * 10**decimals).denominator == 1:
            return decimals
    return None


class Tables:
    """The `[[item]]` tables that say something about one item."""

    def __init__(self, tables, item, language):
        self.language = language
        self.tables = [table for table in tables if self.matches(table, item)]

    @staticmethod
    def matches(table, item):
        globs = all(fnmatch.fnmatchcase(item[name], table.get(key, "*")) for key, name in (("item", "name"), ("source", "source")))
        return globs and table.get("kind", item["kind"]) == item["kind"]

    def first(self, key):
        return next((table[key] for table in self.tables if key in table), None)

    def worded(self, key):
        words = self.first(key)
        if isinstance(words, dict):
            return words.get(self.language) or next(iter(words.values()))
        return words


class Rounded:
    """How an amount came to be printed: with `round-at = "invoice"` items are exact, and pages print two more decimals than
    the currency has, half up, one unit beside that where the printed amounts would not add up."""

    def __init__(self, pricing, currency):
        self.is_exact = pricing.get("round-at", "item") == "invoice"
        self.decimals = CURRENCY_DECIMALS[currency] + (2 if self.is_exact else 0)
        self.mode = ROUND_HALF_UP if self.is_exact else MODES[pricing["rounding"]]

    def off_by(self, product, amount):
        """How many units a product is away from the printed amount; one unit may be that of an amount that was moved."""
        printed = rounded(Fraction(amount), self.decimals, self.mode)
        return abs(rounded(product, self.decimals, self.mode) - printed).scaleb(self.decimals)


def expected(item, tables, rounding, fraction):
    """Label, heading, printed quantity, unit and the unit prices that an item may print, beside a share as a fraction or
    none."""
    measure = next((table for table in tables.tables if "unit" in table or "scale" in table), {})
    scale = Fraction(str(measure.get("scale", 1)))
    unit = measure.get("unit", item["unit"])
    unit = unit.get(tables.language) or next(iter(unit.values())) if isinstance(unit, dict) else unit
    hidden = tables.first("quantity") == "hide"
    quantity, prices = None, [None]
    if item["quantity"] is not None and not hidden:
        exact = Fraction(item["quantity"]) / scale
        places = tables.first("decimals")
        places = places if places is not None else ended(exact) if ended(exact) is not None else 3
        quantity = rounded(exact, places, ROUND_HALF_UP)
    if item["unit_price"] is not None and quantity is not None:
        exact = Fraction(item["unit_price"]) * scale
        off_by = rounding.off_by((fraction or Fraction(quantity)) * exact, item["amount"])
        if ended(exact) is not None and ended(exact) <= PRICE_DECIMALS and off_by <= (1 if rounding.is_exact else 0):
            price = f"{rounded(exact, ended(exact), ROUND_HALF_UP):f}"
            prices = [price, None] if off_by else [price]
    return tables.worded("name") or item["name"], tables.worded("heading"), quantity, unit if quantity is not None else "", prices


def faults_of(workspace, path):
    invoice = json.loads(path.read_text(encoding="utf-8"))
    settings = tomllib.loads((workspace / "invoicer.toml").read_text(encoding="utf-8"))
    customer = tomllib.loads((workspace / "customers" / f"{invoice['customer']['id']}.toml").read_text(encoding="utf-8"))
    pricing = settings.get("pricing", {}) | customer.get("pricing", {})
    rounding = Rounded(pricing, invoice["currency"])
    language = invoice["language"]
    text = subprocess.run(["pdftotext", "-layout", path.with_suffix(".pdf"), "-"], check=True, capture_output=True).stdout
    lines = re.split(rf"^\s*{APPENDIX[language]}\b", text.decode(), flags=re.M)[0].splitlines()
    headings = {}
    for item in invoice["items"]:
        tables = Tables(customer.get("item", []) + settings.get("item", []) + BUILT_IN, item, language)
        where = f"{path.name} line {item['line']} {item['name']}"
        found = item["printed"]
        fraction = Fraction(found["quantity"]) if "/" in (found["quantity"] or "") else None
        label, heading, quantity, unit, prices = expected(item, tables, rounding, fraction)
        if (item["label"], item["heading"]) != (label, heading):
            yield f"{where}: called {item['label']!r} under {item['heading']!r}, expected {label!r} under {heading!r}"
        if fraction is not None:
            # 0.6667 is 2/3.
            if abs(fraction - Fraction(item["quantity"])) > Fraction(1, 10000):
                yield f"{where}: printed {found['quantity']} for {item['quantity']}"
        elif found["quantity"] != (None if quantity is None else f"{quantity:f}"):
            yield f"{where}: printed {found['quantity']}, expected {quantity}"
        if found["unit_price"] not in prices:
            yield f"{where}: printed the price {found['unit_price']}, expected {prices[0]}"
        if found["unit"] != unit:
            yield f"{where}: printed the unit {found['unit']!r}, expected {unit!r}"
        row = re.compile(rf"^\s*{item['line']}\s+{re.escape(label)}(\s|$)")
        if (count := sum(1 for line in lines if row.match(line))) != 1:
            yield f"{where}: the PDF has {count} lines of {label!r}"
        if heading:
            headings[heading] = headings.get(heading, 0) + 1
    for heading in headings:
        row = re.compile(rf"^\s*{re.escape(heading)}\s+-?[¥$€]")
        if (count := sum(1 for line in lines if row.match(line))) != 1:
            yield f"{path.name}: the PDF has {count} lines of the heading {heading!r}"


def main():
    workspace, out = map(Path, sys.argv[1:])
    paths = sorted(path for path in out.glob("*/*.json") if path.with_suffix(".pdf").exists())
    items = sum(len(json.loads(path.read_text(encoding="utf-8"))["items"]) for path in paths)
    faults = [fault for path in paths for fault in faults_of(workspace, path)]
    print("".join(f"{fault}\n" for fault in faults) + f"{items} items of {len(paths)} invoices, {len(faults)} failed")
    sys.exit(1 if faults or not paths else 0)


main()
