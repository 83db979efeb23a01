#!/usr/bin/env python3
"""A second, independent calculation of the invoices of one month.

usage: oracle.py WORKSPACE MONTH [--holidays FILE] [--reading NAME=VALUE]...

Reads the workspace files and the providers' CSV files, follows billing-rules.md step by step with exact fractions, and
prints the figures as JSON. It shares no code with the program it checks. Where the rules leave room, the choice is a
named reading (see READINGS), so that a difference can be traced to a sentence and not to a bug.
"""
import argparse
import csv
import datetime
import io
import json
import re
import sys
import tomllib
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import adjustments
import assignments
from assignments import in_months
from figures import Refused, composed, decimals, glob, holds, number, plain, rounded, setting, split

# The first value of each is the one taken from the text; the others are what a reasonable reader could take instead.
READINGS = {
    # "A currency other than the invoice's is converted ... before pricing": the invoice is known only once allocated.
    "convert": ("after-allocation", "before-allocation"),
    # "a matching rule's markup, else the default markup" for a discount whose first matching rule has no markup.
    "discount-rule": ("any-markup-rule", "first-rule"),
    # "A subtotal below zero is refused": of the invoice, of every category, or of the categories that carry a rate.
    "negative-category": ("allow", "refuse", "refuse-rated"),
    # A discount of a source whose customers were assigned nothing positive: nobody to share with, or a zero ratio.
    "discount-without-customers": ("unassigned", "refuse"),
    # "times the distinct resources used in the month": of charges of the customer's own, not of its part of a shared one.
    "fee-resources": ("assigned-usage", "assigned", "all"),
    # "graduated on the customer's month total of the matched item".
    "tier-scope": ("item", "item-any-source", "rule"),
    # "Provider's view: 431.05 × 1.10": the standard rate on everything, or the rate of each charge's category.
    "provider-tax": ("standard", "by-category"),
    # "The minimum tops the tax-excluded subtotal": the printed one, after round-at = "invoice", or the exact one.
    "minimum": ("after-rounding", "before-rounding"),
    # A customer whose ratio is above zero but whose part of a tiny charge is zero: still a detail, or none.
    "zero-share": ("detail", "none"),
    # A customer whose only charges are discounts that the issuer keeps.
    "kept-only": ("no-invoice", "invoice"),
    # "An absent or empty tag, group or name matches only the pattern """: resource and account are not in that list.
    "empty-resource": ("glob", "only-empty"),
    # "A discount without a tax category of its own (none of [[tax.rule]] names its item)": any rule that names charges and holds
    # for it does, by whatever key; one that names a customer alone is the customer's status. Or only a rule with `item`; or any.
    "own-category": ("rule-on-charges", "rule-with-item", "matching-rule"),
    # "by the exact amounts of its usage items": before any rounding, also where round-at = "line".
    "category-ratio": ("exact", "rounded-lines"),
    # "cost ... by largest remainder, as shares": in the source's currency, cut to the charge's own decimals; or once converted.
    "category-cost": ("of-the-source", "converted"),
    # "[tax] category: the category of everything on this customer's documents that no rule says otherwise": a rule that names a
    # customer and no charges says so of fees, minimum and rounding too.
    "customer-rule": ("whole-invoice", "charges"),
    # A category that is billed a little, of a discount so small that its part is zero: a detail all the same, as for shares.
    "zero-part": ("detail", "none"),
    # "[[fee]] amount × rate [is] rounded once": each resource's fee, so that count × printed price is the amount; or their sum.
    "fee-conversion": ("each", "sum"),
    # "an item of kind rounding lifts it to 0", without a word on its category: of what rounding made negative, as for
    # round-at = "invoice" ("of that category"); or the customer's own category, as the minimum's.
    "lift-category": ("negative", "customer"),
    # "A subtotal that is negative exactly": one printed below zero that is so before rounding too; or also one printed as zero.
    "below-zero": ("printed", "exact"),
    # "the negative rest of each category": as its items would have been printed, or exact; of whatever sign, since only all of
    # them together are what the subtotal lacks.
    "carried": ("printed", "exact"),
    # "a weight for a customer that is not active in the month is an error": also of a rule that no charge of the month reaches.
    "inactive-weight": ("always", "when-used"),
    # "active may name days": on the others the customer claims nothing, as in months outside; or only its fees know of them.
    "active-days": ("claims", "fees-only"),
    # "Days held = days on which an assignment or dated match holds; without any dated rule the days of the month": where another
    # customer's dated rule comes before an undated one, the days left to this one, or the whole month.
    "days-held": ("claimed", "dated-rules"),
    # "a negative fee stands with the discounts": its kind too, as of an adjustment below zero; or its place alone.
    "negative-fee": ("discount", "fee"),
    # A fee's quantity × amount: exact where `round-at = "invoice"` leaves items exact, since a fee is an item; or always rounded to
    # the minor unit, as an adjustment's.
    "fee-quantity": ("as-items", "rounded"),
    # The order of computing puts fees before adjustments: a fee in percent measures items and other fees; or items alone; or also
    # this month's adjustments.
    "percent-fee-base": ("fees", "items", "adjustments"),
    # "other percent adjustments never": a fee in percent is no adjustment, and comes before them.
    "percent-of-percent-fee": ("included", "excluded"),
    # "`of` that matches nothing (error, not 0)" is said of adjustments; a standing fee finds nothing in some months.
    "percent-of-nothing": ("none", "refuse"),
    # "The sum of a tax group below zero → refused as today ..., naming the adjustment": where adjustments lower the group; or where
    # there are any; or where the group is not below zero without them; or, as today, only the subtotal.
    "adjusted-group": ("lowered", "any", "brought-below", "subtotal"),
    # "`minimum-excludes = ["adjustment"]` to leave them out": those below zero, whose kind is discount, too; or that kind alone.
    "minimum-excludes": ("adjustments", "kind"),
    # Such a minimum of a customer with adjustments only: as without them, when there would be no invoice to top up; or all of it.
    "minimum-of-nothing": ("none", "topped"),
    # The subtotal of an invoice with prices that include tax: "total = Σ taxable + Σ tax", so what is taxable; or what is printed.
    "included-subtotal": ("taxable", "items"),
    # "by the exact amounts of its usage items": all without tax, as the discount is; or as they are, though some include it.
    "included-ratio": ("net", "amounts"),
    # "units of what is summed must agree": so they must be known; or two that nobody has named agree.
    "unknown-units": ("refuse", "agree"),
    # {year}, {mm} and {fiscal-year} of a number: of the month that {month} prints; or of the day of issue.
    "number-date": ("month", "issue-date"),
}

AMOUNT_ITEMS = ("date", "billItemName", "unitPrice", "quantity", "amount")
RESOURCE_COLUMNS = ("imsi", "simId", "vpgId", "loraGatewayId", "loraDeviceId", "sigfoxDeviceId", "deviceId", "gadgetId",
                    "soraCamDeviceId")
GROUP_COLUMNS = ("groupName", "groupId", "group", "グループ名")
TAXED = ("standard", "reduced")
UNTAXED = ("exempt", "non-taxable", "out-of-scope")
# In the order of billing-rules.md §3: the remainder of a discount goes to the earlier one.
CATEGORIES = ("standard", "reduced", "exempt", "non-taxable", "out-of-scope")
# next/01: the only units that the provider documents.
BUILT_IN_UNITS = tuple({"item": name, "unit": "MB", "scale": "1048576"} for name in ("uploadDataCharge", "downloadDataCharge"))
MINOR_DIGITS = {"JPY": 0, "USD": 2, "EUR": 2}
HOLIDAYS = (Path(__file__).resolve().parent.parent / "data" / "jp-holidays-2014-2030.txt",)


# --- 1. charges ------------------------------------------------------------------------------------------------------

@dataclass
class Charge:
    source: str
    currency: str
    file: str
    row: int
    account: str
    resource: str
    resource_name: str
    date: str
    item: str
    unit_price: Fraction | None
    quantity: Fraction | None
    cost: Fraction
    tags: dict
    groups: list
    # Of a part: what the row costs. A part of nothing is still a discount where the row is one.
    whole: Fraction | None = None

    @property
    def kind(self):
        return "discount" if (self.cost if self.whole is None else self.whole) < 0 else "usage"


def source_files(workspace, source, month):
    folder, _, name = source["path"].replace("{month}", month).rpartition("/")
    base = workspace / folder
    found = sorted(path for path in (base.iterdir() if base.is_dir() else ()) if path.is_file() and glob(name, path.name))
    if not found:
        raise Refused("no-source-file", source["path"])
    return found


def read_rows(path):
    """The header and the data rows of a CSV file; a byte order mark and newlines inside quotes are allowed."""
    text = path.read_bytes().decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    if not rows:
        raise Refused("no-header", str(path))
    return rows[0], rows[1:]


def read_source(workspace, source, month):
    charges, seen = [], {}
    group_columns = set(GROUP_COLUMNS) | set(source.get("group-columns", ()))
    for path in source_files(workspace, source, month):
        header, rows = read_rows(path)
        # The first of two equal headers is the amount item, every later one a tag of that name.
        first = {}
        for at, name in enumerate(header):
            first.setdefault(name, at)
        for name in ("date", "billItemName", "amount"):
            if name not in first:
                raise Refused("missing-column", f"{path}: {name}")
        special = {at for name, at in first.items() if name in AMOUNT_ITEMS or name in RESOURCE_COLUMNS}
        groups_at = [at for at, name in enumerate(header) if name in group_columns and at not in special]
        for row_number, row in enumerate(rows, start=2):
            def cell(name):
                return row[first[name]] if name in first and first[name] < len(row) else ""
            tags = {}
            for at, name in enumerate(header):
                if at not in special and at not in groups_at and at < len(row):
                    tags.setdefault(composed(name), row[at])
            resource = next((cell(name) for name in RESOURCE_COLUMNS if cell(name)), "")
            charge = Charge(
                source=source["name"], currency=source.get("currency", "JPY"), file=path.name, row=row_number, account="",
                resource=resource, resource_name=tags.get("name", ""), date=cell("date"), item=cell("billItemName"),
                unit_price=number(cell("unitPrice")) if cell("unitPrice") else None,
                quantity=number(cell("quantity")) if cell("quantity") else None,
                cost=number(cell("amount")), tags=tags,
                groups=[row[at] for at in groups_at if at < len(row)])
            # A provider writes one row per resource, day and item: the same one in two files is an overlapping download.
            if resource:
                key = (resource, charge.date, charge.item)
                if seen.setdefault(key, path) != path:
                    raise Refused("duplicate-row", f"{path}:{row_number}")
            charges.append(charge)
    return charges


# --- 2. allocation ---------------------------------------------------------------------------------------------------

@dataclass
class Piece:
    """A charge, or a part of one, that a customer bears; `cost` is in the currency of the source until priced."""
    charge: Charge
    cost: Fraction
    quantity: Fraction | None
    shared: bool
    # `exact` is the priced amount before any rounding.
    exact: Fraction = Fraction(0)
    amount: Fraction = Fraction(0)
    category: str = "standard"
    # Reduces the bill as a whole: to be split over the tax categories of what it reduces.
    proportional: bool = False
    # The price was agreed with tax.
    included: bool = False


@dataclass
class Allocation:
    pieces: dict
    kept: list = field(default_factory=list)


def measured(assigned, source, by, of, claims, readings):
    """The ratio of each customer: what step 1 assigned to it from the same source."""
    ratios = {}
    for customer, charges in assigned.items():
        mine = [one for one in charges if one.source == source and holds(of, one, readings)]
        usage = [one for one in mine if one.kind == "usage"]
        if by == "amount":
            ratio = sum((one.cost for one in mine if one.cost > 0), Fraction(0))
        elif by == "quantity":
            ratio = sum((one.quantity for one in usage if one.quantity is not None), Fraction(0))
        elif by == "resources":
            ratio = Fraction(len({one.resource for one in usage if one.resource}))
        elif by == "resource-days":
            by_resource = {}
            for one in usage:
                if one.resource:
                    by_resource.setdefault(one.resource, []).append(one)
            ratio = sum((Fraction(len(claims.days_held(customer, own)), len(claims.days)) for own in by_resource.values()), Fraction(0))
        elif by == "even":
            ratio = Fraction(1 if mine else 0)
        else:
            raise Refused("bad-setting", f"by {by}")
        ratios[customer] = ratio
    return ratios


def share(charge, ratios, rule_name, result, readings):
    ratios = {one: ratio for one, ratio in ratios.items() if ratio > 0}
    if not ratios:
        raise Refused("share-ratio-zero", rule_name)
    costs = split(charge.cost, ratios)
    quantities = split(charge.quantity, ratios) if charge.quantity is not None else dict.fromkeys(ratios)
    for one in ratios:
        if readings["zero-share"] == "none" and costs[one] == 0 and not quantities[one]:
            continue
        result.pieces[one].append(Piece(charge, costs[one], quantities[one], shared=True))


def allocate(charges, customers, settings, claims, readings):
    result = Allocation({customer["id"]: [] for customer in customers})
    assigned = {customer["id"]: [] for customer in customers}
    shares, keeps = settings.get("share", ()), settings.get("keep", ())

    def check_weights(rule):
        for one in rule.get("weights", {}):
            if one not in assigned:
                raise Refused("inactive-weight", one)
    if readings["inactive-weight"] == "always":
        for rule in shares:
            check_weights(rule)
    rest = []
    for charge in charges:
        for owner, part in claims.parts(charge):
            if owner is None:
                rest.append(part)
            else:
                assigned[owner].append(part)
                result.pieces[owner].append(Piece(part, part.cost, part.quantity, shared=False))
    left = []
    for charge in rest:
        rule = next((one for one in shares if holds(one.get("match", {}), charge, readings)), None)
        if rule is not None:
            if "weights" in rule:
                check_weights(rule)
                ratios = {one: setting(weight) for one, weight in rule["weights"].items()}
            else:
                ratios = measured(assigned, charge.source, rule.get("by", "amount"), rule.get("of", {}), claims, readings)
            share(charge, ratios, str(rule), result, readings)
            continue
        if any(holds(one.get("match", {}), charge, readings) for one in keeps):
            result.kept.append(charge)
            continue
        if charge.kind == "discount":
            ratios = measured(assigned, charge.source, "amount", {}, claims, readings)
            if any(ratios.values()):
                share(charge, ratios, "discounts", result, readings)
                continue
            if readings["discount-without-customers"] == "refuse":
                raise Refused("share-ratio-zero", "discounts")
        left.append(charge)
    if left and settings.get("unassigned", "error") == "error":
        raise Refused("unassigned", ", ".join(f"{one.file}:{one.row}" for one in left))
    result.kept += left
    return result


# --- 3. pricing ------------------------------------------------------------------------------------------------------

def price_limits(tiers, scale):
    """(limit or None, price) of each tier, by the provider's unit where they are written in a unit of `scale` of those."""
    return [(setting(one["up-to"]) * scale if "up-to" in one else None, setting(one["unit-price"]) / scale) for one in tiers]


def tiered(tiers, start, quantity):
    """The price of `quantity` units that come after the first `start` units of the month, or are given back of these."""
    if quantity < 0:
        return -tiered(tiers, start + quantity, -quantity)
    # The first tier has no lower end.
    amount, floor, end = Fraction(0), min(start, Fraction(0)), start + quantity
    for ceiling, unit_price in tiers:
        upper = end if ceiling is None else min(end, ceiling)
        overlap = upper - max(start, floor)
        if overlap > 0:
            amount += overlap * unit_price
        if ceiling is None:
            return amount
        floor = ceiling
    if end > floor:
        raise Refused("tiers-exceeded", plain(end))
    return amount


def volume_price(tiers, total):
    """The price of every unit, where the whole month's quantity decides: that of the tier which the last unit is in."""
    for ceiling, unit_price in tiers:
        if ceiling is None or total <= ceiling:
            return unit_price
    raise Refused("tiers-exceeded", plain(total))


def printed_unit(charge, tables):
    """The names of the unit that the item is printed in, and how many of the provider's units make one of it."""
    naming = [one for one in tables if "unit" in one and glob(one.get("item", "*"), charge.item)
              and glob(one.get("source", "*"), charge.source) and one.get("kind", charge.kind) == charge.kind]
    units = naming[0]["unit"] if naming else {}
    return tuple(units.values()) if isinstance(units, dict) else (units,), setting(naming[0].get("scale", 1)) if naming else None


def scale_of(charge, unit, tables):
    """The scale of the unit that the item is printed in, which must be the one named."""
    units, scale = printed_unit(charge, tables)
    if unit not in units:
        raise Refused("other-unit", f"{charge.item}: {unit}")
    return scale


def rule_for(piece, rules, readings):
    matching = [rule for rule in rules if holds(rule, piece.charge, readings)]
    if piece.charge.kind == "discount" and readings["discount-rule"] == "any-markup-rule":
        matching = [rule for rule in matching if "markup" in rule]
    return matching[0] if matching else {}


def price(pieces, rules, pricing, currency, tables, rates, readings):
    """Sets the exact amount of each piece. The pieces' costs are already in the invoice's currency."""
    default = setting(pricing.get("markup", 0))
    totals, whole, together = {}, {}, {}

    def scope(rule, charge):
        if rule.get("together"):
            return id(rule)
        return {"item": (id(rule), charge.source, charge.item), "item-any-source": (id(rule), charge.item),
                "rule": id(rule)}[readings["tier-scope"]]
    for piece in pieces:
        rule = rule_for(piece, rules, readings) if piece.charge.kind == "usage" else {}
        if "tiers" in rule and piece.quantity is not None:
            key = scope(rule, piece.charge)
            whole[key] = whole.get(key, Fraction(0)) + piece.quantity
            if rule.get("together"):
                together.setdefault(key, {})[piece.charge.item] = printed_unit(piece.charge, tables)
    for units in together.values():
        unknown = readings["unknown-units"] == "refuse" and any(scale is None for _, scale in units.values())
        if len(units) > 1 and (unknown or len(set(units.values())) > 1):
            raise Refused("units-differ", ", ".join(units))
    # Tiers take the charges in the order of date, resource and row; for every other rule the order has no effect.
    for piece in sorted(pieces, key=lambda one: (one.charge.date, one.charge.resource, one.charge.file, one.charge.row)):
        charge, rule = piece.charge, rule_for(piece, rules, readings)
        if charge.kind == "discount":
            markup = setting(rule["markup"]) if "markup" in rule else default
            piece.exact = piece.cost if pricing["discounts"] == "at-cost" else piece.cost * (1 + markup)
        elif "unit-price" in rule or "tiers" in rule:
            if piece.quantity is None:
                raise Refused("missing-quantity", f"{charge.file}:{charge.row}")
            if charge.cost * charge.quantity < 0:
                raise Refused("signs-differ", f"{charge.file}:{charge.row}")
            # A unit price keeps all the digits that its conversion gives; the limits of tiers are quantities.
            rate = rates.rate(rule["currency"], currency)
            piece.included = rule.get("tax") == "included"
            if "unit-price" in rule:
                piece.exact = piece.quantity * setting(rule["unit-price"]) * rate
            else:
                key = scope(rule, charge)
                start = totals.get(key, Fraction(0))
                tiers = price_limits(rule["tiers"], scale_of(charge, rule["per"], tables) if "per" in rule else Fraction(1))
                if rule.get("tiering", "graduated") == "volume":
                    piece.exact = piece.quantity * volume_price(tiers, whole[key]) * rate
                else:
                    piece.exact = tiered(tiers, start, piece.quantity) * rate
                totals[key] = start + piece.quantity
        else:
            piece.exact = piece.cost * (1 + (setting(rule["markup"]) if "markup" in rule else default))


def split_over_categories(pieces, weight, rate, categories):
    """Splits each proportional discount over the tax categories of the customer's usage of the same source.

    Without such usage it keeps its category. A cost is split as it was before the multiplication by `rate`.
    """
    used = {}
    for piece in pieces:
        if piece.charge.kind == "usage":
            sums = used.setdefault(piece.charge.source, {})
            at = categories.index(piece.category)
            sums[at] = sums.get(at, Fraction(0)) + weight(piece)
    result = []
    for piece in pieces:
        ratios = {at: ratio for at, ratio in used.get(piece.charge.source, {}).items() if ratio > 0}
        if not piece.proportional or not ratios:
            result.append(piece)
        else:
            worth = rate(piece)
            amounts = split(piece.exact, ratios)
            costs = {at: part * worth for at, part in split(piece.cost / worth, ratios).items()}
            quantities = dict.fromkeys(ratios) if piece.quantity is None else split(piece.quantity, ratios)
            result += [replace(piece, exact=amounts[at], cost=costs[at], quantity=quantities[at], category=categories[at])
                       for at in sorted(ratios)]
    return result


# --- 4. tax ----------------------------------------------------------------------------------------------------------

def tax_rule(workspace, customer, charge, readings):
    """The first `[[tax.rule]]` whose keys all hold; `customer` is a glob over the ids of customers."""
    return next((rule for rule in workspace.get("tax", {}).get("rule", ())
                 if glob(rule.get("customer", "*"), customer) and holds(rule, charge, readings)), None)


def names_no_charges(rule):
    """Whether a `[[tax.rule]]` speaks of a customer alone. "None of [[tax.rule]] names its item" holds for all its discounts."""
    return set(rule) <= {"customer", "category"}


def tax_rounding(workspace, customer):
    return customer.get("tax", {}).get("rounding", workspace.get("tax", {}).get("rounding", "up"))


def tax_rate(category, month):
    if category not in TAXED:
        return None
    if category == "reduced":
        if month < "201910":
            raise Refused("no-rate", f"reduced in {month}")
        return Fraction(8, 100)
    return Fraction(5 if month <= "201403" else 8 if month <= "201909" else 10, 100)


class Taxes:
    """`[tax] regime`: Japan's rates, none at all, or those of `[[tax.rate]]`.

    "The rate follows the supply month through a dated table": of a category's rates, the one that began last. A category that is
    never taxed needs none; one without a rate in the month of supply is refused.
    """

    def __init__(self, tax):
        self.regime = tax.get("regime", "japan")
        self.rates = sorted((one["category"], re.sub(r"\D", "", one["from"]), setting(one["rate"])) for one in tax.get("rate", ()))
        # billing-rules.md §3 names the order of the known ones; a workspace's own follow by name.
        self.categories = [*CATEGORIES, *sorted({category for category, _, _ in self.rates} - set(CATEGORIES))]
        self.usual = "out-of-scope" if self.regime == "none" else "standard"
        if (self.regime == "custom") != bool(self.rates):
            raise Refused("rates-and-regime", self.regime)
        since = [(category, first) for category, first, _ in self.rates]
        if len(set(since)) < len(since):
            raise Refused("two-rates", str(since))
        if any(category in UNTAXED or not 0 <= rate < 1 for category, _, rate in self.rates):
            raise Refused("bad-rate", str(self.rates))

    def check(self, workspace, customers, adjusted):
        """Whether settings name only categories that there are; without tax there is none to name."""
        named = [one["category"] for one in workspace.get("tax", {}).get("rule", ())]
        named += [one["tax"]["category"] for one in customers if "category" in one.get("tax", {})]
        fees = [fee for one in customers for fee in one.get("fee", ())]
        named += [one["tax-category"] for one in (*fees, *adjusted) if "tax-category" in one]
        rated = {category for category, _, _ in self.rates}
        known = {"none": set(), "japan": {*TAXED, *UNTAXED}, "custom": {*rated, *UNTAXED}}[self.regime]
        if unknown := set(named) - known:
            raise Refused("unknown-category", ", ".join(sorted(unknown)))

    def rate(self, category, month):
        """A fraction, or None where no tax is due."""
        if self.regime == "japan":
            return tax_rate(category, month)
        if self.regime == "none" or category in UNTAXED:
            return None
        begun = [rate for one, since, rate in self.rates if one == category and since <= month]
        if not begun:
            raise Refused("no-rate", f"{category} in {month}")
        return begun[-1]


def credited_tax(rate, mode, places, base_before, base, tax_before, taxable):
    """The tax of a part that is credited: of everything credited so far with this part, less the tax credited before it.

    "So each note's tax lies between floor and ceiling and all of them end at the invoice's" does not follow for half-even:
    of 15 at 10 %, the parts 5 and 10 would bear 0 and 2 of 0.5 and 1.0. The two bounds are what is promised, so both hold, for
    the part and for what is left after it.
    """
    def bounds(amount):
        return rounded(amount * rate, "down", places), rounded(amount * rate, "up", places)
    tax = rounded((base_before + base) * rate, mode, places) - tax_before
    left = rounded(taxable * rate, mode, places) - tax_before
    least, most = bounds(base)
    tax = min(max(tax, least), most)
    least, most = bounds(taxable - base_before - base)
    return min(max(tax, left - most), left - least)


def credit(subtotals, notes, mode, places):
    """The tax of each note by category; `subtotals` is {category: (rate, taxable)}, a note is {category: base given back}."""
    base, tax, result = {}, {}, []
    # Nobody is given back more than was billed: where one category is below zero, the others' parts end at the invoice's total.
    left = sum(taxable + rounded(taxable * (rate or Fraction(0)), mode, places) for rate, taxable in subtotals.values())
    for note in notes:
        mine = {}
        for category, part in note.items():
            rate, taxable = subtotals[category]
            before = base.get(category, Fraction(0))
            if before + part > taxable:
                raise Refused("credit-above-rest", f"{category} {plain(part)}")
            mine[category] = credited_tax(rate or Fraction(0), mode, places, before, part, tax.get(category, Fraction(0)),
                                          taxable)
            base[category], tax[category] = before + part, tax.get(category, Fraction(0)) + mine[category]
        if sum(note.values()) + sum(mine.values()) < 0:
            raise Refused("credit-positive", str(note))
        left -= sum(note.values()) + sum(mine.values())
        if left < 0:
            raise Refused("credit-above-total", str(note))
        result.append(mine)
    return result


# --- dates -----------------------------------------------------------------------------------------------------------

def previous_month(month):
    year, number_of_month = int(month[:4]), int(month[4:])
    return f"{year - 1}12" if number_of_month == 1 else f"{year}{number_of_month - 1:02}"


def month_end(year, month):
    return datetime.date(year + month // 12, month % 12 + 1, 1) - datetime.timedelta(days=1)


def resolve_date(text, month, issued=None):
    year, number_of_month = int(month[:4]), int(month[4:])
    if text == "month-end":
        return month_end(year, number_of_month)
    if found := re.fullmatch(r"(?:next-month|month\+([0-6]))-(\d+|end)", text):
        at = year * 12 + number_of_month - 1 + int(found[1] or 1)
        last = month_end(at // 12, at % 12 + 1)
        # A day the month does not have is taken as its last one.
        return last if found[2] == "end" else min(last, last.replace(day=1) + datetime.timedelta(days=int(found[2]) - 1))
    if issued and (found := re.fullmatch(r"\+(\d+)d", text)):
        return issued + datetime.timedelta(days=int(found[1]))
    return datetime.date.fromisoformat(text)


def bank_day(date, direction, holidays):
    """Banks close on Saturdays, Sundays, national holidays and from 31 December to 3 January."""
    step = {"next": 1, "previous": -1, "none": 0}[direction]
    while step and (date.weekday() >= 5 or date in holidays or (date.month, date.day) in
                    ((12, 31), (1, 1), (1, 2), (1, 3))):
        date += datetime.timedelta(days=step)
    return date


def read_holidays(path=None):
    for candidate in (Path(path),) if path else HOLIDAYS:
        if candidate.exists():
            # A name of the day may follow the date.
            return {datetime.date.fromisoformat(line[:10]) for line in candidate.read_text("utf-8").splitlines()
                    if re.match(r"\d{4}-\d\d-\d\d", line)}
    raise SystemExit(f"oracle: no list of holidays: tried {', '.join(map(str, (path,) if path else HOLIDAYS))}")


# --- the whole month -------------------------------------------------------------------------------------------------

class Rates:
    def __init__(self, entries, month):
        self.known = {(one["from"], one["to"]): setting(one["rate"]) for one in entries if one["month"] == month}

    def rate(self, given, wanted):
        if given == wanted:
            return Fraction(1)
        if (given, wanted) not in self.known:
            raise Refused("missing-fx", f"{given} to {wanted}")
        return self.known[given, wanted]


def minimum_of(workspace, customer, home, currency):
    """The minimum as written, and the currency that it is in: the file's unless `currency` beside it says otherwise."""
    for pricing, of_file in ((customer.get("pricing", {}), currency), (workspace.get("pricing", {}), home)):
        if "minimum" in pricing:
            return setting(pricing["minimum"]), pricing.get("currency", of_file)
    return None


def fee_items(customer, pieces, month, own_category, converted, claims, mode, digits, exact_items, readings):
    """The fees of an amount; those in percent are computed of these and of what else is billed."""
    items = []
    for fee in customer.get("fee", ()):
        if not in_months(fee, month) or "percent" in fee:
            continue
        quantity = count = Fraction(1)
        if fee.get("per", "month") == "resource":
            used = {}
            for one in pieces:
                if one.charge.resource and (readings["fee-resources"] == "all" or not one.shared) and (
                        readings["fee-resources"] != "assigned-usage" or one.charge.kind == "usage"):
                    used.setdefault((one.charge.source, one.charge.resource), []).append(one.charge)
            if not used:
                continue
            quantity = count = Fraction(len(used))
        if "quantity" in fee:
            quantity *= setting(fee["quantity"])
        amount, given, exact = setting(fee["amount"]), fee.get("currency"), None
        if (how := fee.get("prorate", "none")) != "none":
            # Once per resource; a customer's fee by the days on which the customer is active.
            held = [claims.days_held(customer["id"], own) for own in used.values()] if fee.get("per") == "resource" else [
                {day for day in claims.days if assignments.valid(customer.get("active", {}), day)}]
            units = setting(fee.get("quantity", 1))
            each = converted(amount, given) * units
            parts = [days for days in held if set(days) != set(claims.days)]
            whole = len(held) - len(parts)
            # What is held all month is charged like any fee: exactly its amount, rounded as an item. A part is a price of its own.
            amount = sum((rounded(each * assignments.of_the_month(days, month, how), mode, digits) for days in parts), Fraction(0))
            amount += rounded(each * whole, mode, digits)
            quantity = whole * units + len(parts)
        elif "quantity" in fee:
            exact = amount = converted(amount, given) * quantity
            if readings["fee-quantity"] == "rounded" or not exact_items:
                amount = rounded(amount, mode, digits)
        elif readings["fee-conversion"] == "each":
            amount = converted(amount, given) * count
        else:
            amount = converted(amount * count, given)
        items.append({"kind": adjustments.kind_of(amount, "fee") if readings["negative-fee"] == "discount" else "fee",
                      "name": fee["name"], "source": None, "tax_category": fee.get("tax-category", own_category),
                      "amount": amount, "exact": amount if exact is None else exact, "quantity": quantity,
                      "tax_included": fee.get("tax") == "included", "fee": True})
    return items


def by_category(items):
    sums = {}
    for item in items:
        sums[item["tax_category"]] = sums.get(item["tax_category"], Fraction(0)) + item["amount"]
    return sums


def net(items, month, mode, digits, taxes):
    """The rows of the tax table, {(category, rate, whether prices include it): (taxable, tax)}.

    A row of prices with tax starts from what the customer pays, so that its tax cannot make it more or less.
    """
    sums = {}
    for item in items:
        group = tax_group(item, month, taxes)
        sums[group] = sums.get(group, Fraction(0)) + item["amount"]
    rows = {}
    for (category, rate, included), amount in sums.items():
        tax = rounded(amount * rate / (1 + rate) if included else amount * (rate or 0), mode, digits)
        rows[category, rate, included] = (amount - tax if included else amount, tax)
    return rows


def tax_group(item, month, taxes):
    rate = item["tax_rate"] if "tax_rate" in item else taxes.rate(item["tax_category"], month)
    return item["tax_category"], rate, bool(item.get("tax_included")) and rate is not None


def without_tax(item, month, amount, taxes):
    """An amount of an item, without the tax that it includes: exact."""
    _, rate, included = tax_group(item, month, taxes)
    return amount / (1 + rate) if included else amount


def extra_item(kind, category, amount):
    return {"kind": kind, "name": None, "source": None, "tax_category": category, "amount": amount, "quantity": None}


def lifted(items, own_category, categories, readings):
    """The items of kind rounding that bring a subtotal, which rounding alone made negative, back to zero."""
    sums = by_category(items)
    missing = -sum(sums.values())
    if readings["lift-category"] == "customer":
        return [extra_item("rounding", own_category, missing)]
    result = []
    for category in categories:
        part = min(missing, -sums.get(category, Fraction(0)))
        if part > 0:
            result.append(extra_item("rounding", category, part))
            missing -= part
    return result


def invoice(customer, pieces, kept_any, brought, brought_cost, adjusted, workspace, month, rates, claims, readings):
    """One customer's figures; None when there is nothing to bill; {"carried": rests by category} when it is below zero.

    `pieces` excludes discounts the issuer keeps; `brought` is what the month before has carried, by category, and `brought_cost`
    what it cost. The texts name no cost of a rest. It is counted where the rest is billed, as no document has counted it yet and
    a margin is what is billed less what it cost.
    """
    settings = {**workspace.get("invoice", {}), **customer.get("invoice", {})}
    pricing = merged_pricing(workspace, customer)
    home, currency = workspace.get("invoice", {}).get("currency", "JPY"), settings.get("currency", "JPY")
    digits, round_at, mode = MINOR_DIGITS[currency], pricing["round-at"], pricing["rounding"]
    status = next((rule["category"] for rule in workspace.get("tax", {}).get("rule", ())
                   if readings["customer-rule"] == "whole-invoice" and names_no_charges(rule)
                   and glob(rule.get("customer", "*"), customer["id"])), None)
    taxes = Taxes(workspace.get("tax", {}))
    own_category = status or customer.get("tax", {}).get("category", taxes.usual)
    # Prices are in the currency of the file that they are written in, unless they name one.
    rules = [{"currency": of_file, **rule}
             for of_file, tables in ((currency, customer), (home, workspace))
             for rule in tables.get("pricing", {}).get("rule", ()) if in_months(rule, month)]

    def converted(amount, given):
        """Rounded once, to the minor unit, where it is converted at all."""
        rate = rates.rate(given or currency, currency)
        return amount if (given or currency) == currency else rounded(amount * rate, mode, digits)

    for piece in pieces:
        rule = tax_rule(workspace, customer["id"], piece.charge, readings)
        piece.category = rule["category"] if rule else own_category
        has_own = rule and {"rule-on-charges": not names_no_charges(rule), "rule-with-item": "item" in rule,
                            "matching-rule": True}[readings["own-category"]]
        piece.proportional = piece.charge.kind == "discount" and not has_own and (piece.shared or not piece.charge.resource)
        piece.cost *= rates.rate(piece.charge.currency, currency)
    tables = (*customer.get("item", ()), *workspace.get("item", ()), *BUILT_IN_UNITS)
    price(pieces, rules, pricing, currency, tables, rates, readings)
    rounded_ratio = round_at == "line" and readings["category-ratio"] == "rounded-lines"

    def worth(piece):
        weight = rounded(piece.exact, mode, digits) if rounded_ratio else piece.exact
        return net_of(piece, weight) if readings["included-ratio"] == "net" else weight

    def net_of(piece, amount):
        return amount / (1 + (taxes.rate(piece.category, month) or 0)) if piece.included else amount
    pieces = split_over_categories(
        pieces, worth,
        lambda one: rates.rate(one.charge.currency, currency) if readings["category-cost"] == "of-the-source" else Fraction(1), taxes.categories)
    if readings["zero-part"] == "none":
        pieces = [one for one in pieces if not one.proportional or one.exact or one.cost or one.quantity]

    grouped = {}
    for piece in pieces:
        piece.amount = rounded(piece.exact, mode, digits) if round_at == "line" else piece.exact
        grouped.setdefault((piece.charge.source, piece.charge.item, piece.charge.kind, piece.category, piece.included), []).append(piece)
    items = []
    for (source, name, kind, category, included), members in grouped.items():
        amount = sum(one.amount for one in members)
        if round_at == "item":
            amount = rounded(amount, mode, digits)
        known = all(one.quantity is not None for one in members)
        items.append({"kind": kind, "name": name, "source": source, "tax_category": category, "amount": amount,
                      "exact": sum((one.exact for one in members), Fraction(0)),
                      "quantity": sum(one.quantity for one in members) if known else None, "tax_included": included})
    priced = list(items)

    def group_of(item):
        return tax_group(item, month, taxes)
    fees = fee_items(customer, pieces, month, own_category, converted, claims, mode, digits, round_at == "invoice", readings)
    own = adjustments.amount_items(adjusted, own_category, taxes.rate, converted, lambda given: rates.rate(given or currency, currency),
                                   mode, digits)
    base = {"fees": priced + fees, "items": priced, "adjustments": priced + fees + own}[readings["percent-fee-base"]]
    fees += adjustments.percent_items([one for one in customer.get("fee", ()) if in_months(one, month)], base, group_of, "fee",
                                      mode, digits, readings)
    own += adjustments.percent_items(
        adjusted, priced + own + [one for one in fees if readings["percent-of-percent-fee"] == "included" or "percent" not in one],
        group_of, "adjustment", mode, digits, readings)
    items += fees + own
    if not items and not (kept_any and readings["kept-only"] == "invoice"):
        return None
    # What is taken off was supplied in the month before: a price that is reduced later bears the tax of its supply.
    before = [{**extra_item("carried", category, amount), "tax_rate": taxes.rate(category, previous_month(month))}
              for category, amount in brought.items() if amount]
    items += before
    tax_mode = tax_rounding(workspace, customer)

    def before_tax(item):
        """Each line by itself, so that what is listed adds up."""
        _, rate, included = group_of(item)
        return item["amount"] - rounded(item["amount"] * rate / (1 + rate), tax_mode, digits) if included else item["amount"]

    def net_sum(some):
        return sum((taxable for taxable, _ in net(some, month, tax_mode, digits, taxes).values()), Fraction(0))
    # "When rounding alone makes a subtotal negative (the exact sum is >= 0)": without any rounding a percentage would be of what
    # its items are before theirs.
    exact = sum((net_of(one, one.exact) for one in pieces), Fraction(0)) + sum(
        (without_tax(one, month, one.get("exact", one["amount"]), taxes) for one in fees + own + before), Fraction(0))

    minimum = minimum_of(workspace, customer, home, currency)

    def counts(item):
        return "adjustment" not in pricing.get("minimum-excludes", ()) or (
            "adjustment" not in item if readings["minimum-excludes"] == "adjustments" else item["kind"] != "adjustment")

    def top_up():
        counted = [one for one in items if counts(one)]
        if not minimum or (not counted and readings["minimum-of-nothing"] == "none"):
            return
        missing = converted(*minimum) - net_sum(counted)
        if missing > 0:
            items.append(extra_item("minimum", own_category, missing))

    if readings["minimum"] == "before-rounding":
        top_up()
    if round_at == "invoice":
        groups = {}
        for item in items:
            groups.setdefault(group_of(item), []).append(item["amount"])
        for (category, rate, included), parts in groups.items():
            if difference := rounded(sum(parts), mode, digits) - sum(parts):
                items.append({**extra_item("rounding", category, difference), "tax_rate": rate, "tax_included": included})
    if readings["minimum"] == "after-rounding":
        top_up()

    subtotal = net_sum(items)
    if subtotal < 0 or (readings["below-zero"] == "exact" and exact < 0 and not minimum):
        if exact < 0:
            if settings.get("below-zero", "refuse") == "refuse":
                has_quotient = any(one.get("tax_included") for one in items)
                raise Refused("negative-subtotal", f"{customer['id']}: {exact if has_quotient else plain(exact)}")
            if readings["carried"] == "exact":
                items = [extra_item("usage", one.category, one.exact) for one in pieces] + fees + own + before
            return {"carried": by_category(items), "cost": sum((one.cost for one in pieces), brought_cost + adjustments.cost_of(adjusted)),
                    "currency": currency, "items": items,
                    "adjustments": adjustments.summary(adjusted, own, before_tax, adjustments.cost_of(adjusted))}
        items += lifted(items, own_category, taxes.categories, readings)

    rows = net(items, month, tax_mode, digits, taxes)
    tax_subtotals = []
    # A discount agreed with tax takes off what other prices of its category and rate bring, whether those include tax or not.
    sums, touched = {}, {}
    for item in items:
        if "adjustment" in item:
            category, rate, _ = group_of(item)
            touched[category, rate] = touched.get((category, rate), Fraction(0)) + without_tax(item, month, item["amount"], taxes)
    for (category, rate, included), (taxable, tax) in sorted(rows.items(), key=lambda one: (one[0][0], one[0][1] or 0, one[0][2])):
        tax_subtotals.append({"category": category, "rate": rate, "taxable": taxable, "tax": tax, "tax_included": included})
        sums[category, rate] = sums.get((category, rate), Fraction(0)) + taxable
    for (category, rate), taxable in sums.items():
        watched = {"refuse": True, "refuse-rated": rate is not None, "allow": False}[readings["negative-category"]]
        part = touched.get((category, rate))
        watched = watched or (part is not None and {
            "lowered": part < 0, "any": True, "brought-below": taxable >= part, "subtotal": False}[readings["adjusted-group"]])
        if taxable < 0 and watched:
            raise Refused("negative-subtotal", f"{customer['id']}: {category} {plain(taxable)}")
    taxable, tax = (sum(one[name] for one in tax_subtotals) for name in ("taxable", "tax"))
    subtotal = taxable if readings["included-subtotal"] == "taxable" else sum(item["amount"] for item in items)
    details_cost = sum((one.cost for one in pieces), Fraction(0))
    cost = details_cost + brought_cost + adjustments.cost_of(adjusted)
    return {
        "currency": currency,
        "items": items,
        "details": [{"source": one.charge.source, "date": one.charge.date, "resource": one.charge.resource,
                     "name": one.charge.item, "kind": one.charge.kind, "cost": one.cost, "amount": one.amount,
                     "quantity": one.quantity, "tax_category": one.category, "tax_included": one.included} for one in pieces],
        "details_count": len(pieces), "details_cost": details_cost,
        "tax_subtotals": tax_subtotals, "subtotal": subtotal, "tax": tax, "total": taxable + tax,
        "cost": cost, "margin": taxable - cost,
        "adjustments": adjustments.summary(adjusted, [one for one in items if "adjustment" in one], before_tax,
                                         adjustments.cost_of(adjusted)),
    }


def merged_pricing(workspace, customer):
    defaults = {"rounding": "up", "round-at": "item", "discounts": "marked-up", "markup": 0}
    return {**defaults, **workspace.get("pricing", {}), **customer.get("pricing", {})}


def issue_dates(workspace, customer, month, holidays, readings):
    settings = {**workspace.get("invoice", {}), **customer.get("invoice", {})}
    issued = resolve_date(settings.get("issue-date", "next-month-1"), month)
    due = resolve_date(settings.get("due-date", "next-month-end"), month, issued)
    due = bank_day(due, settings.get("due-on-holiday", "next"), holidays)
    told = month if readings["number-date"] == "month" else issued.strftime("%Y%m")
    fiscal_year = int(told[:4]) - (told[4:] < str(settings.get("fiscal-year-start", "04")).rjust(2, "0"))
    number_text = settings.get("number", "INV-{month}-{customer}").replace("{month}", month)
    for name, value in (("year", told[:4]), ("yy", told[2:4]), ("mm", told[4:]), ("fiscal-year", fiscal_year)):
        number_text = number_text.replace(f"{{{name}}}", str(value))
    number_text = re.sub(r"\{seq(:\d+)?\}", "draft", number_text.replace("{customer}", customer["id"]))
    return {"issue_date": issued.isoformat(), "due_date": due.isoformat(), "number": number_text}


def load(path):
    """The workspace's settings and its customers in the order of their ids."""
    path = Path(path)
    workspace = tomllib.loads((path / "invoicer.toml").read_text("utf-8"))
    customers = []
    # Files in sub-directories are customers too.
    for file in sorted((path / "customers").rglob("*.toml"), key=lambda one: one.stem):
        if customers and customers[-1]["id"] == file.stem:
            raise Refused("same-customer-twice", file.stem)
        customers.append({"id": file.stem, **tomllib.loads(file.read_text("utf-8"))})
    return workspace, customers


def provider_view(charges, workspace, month, readings):
    """What the provider itself asks for: everything summed, its own tax added once, rounded up."""
    total = sum((one.cost for one in charges), Fraction(0))
    if readings["provider-tax"] == "standard":
        return total + total * tax_rate("standard", month)
    with_tax = Fraction(0)
    for one in charges:
        category = next((rule["category"] for rule in workspace.get("tax", {}).get("rule", ())
                         if "customer" not in rule and holds(rule, one, readings)), "standard")
        with_tax += one.cost * (1 + (tax_rate(category, month) or 0))
    return with_tax


def calculate(path, month, holidays=None, readings=None, brought=None, brought_costs=None):
    """Every figure of the month with exact fractions; raises Refused when nothing may be billed.

    `brought` and `brought_costs` are `carried` and `carried_costs` of the month before, by customer.
    """
    path = Path(path)
    readings = {**{name: values[0] for name, values in READINGS.items()}, **(readings or {})}
    holidays = holidays if holidays is not None else read_holidays()
    workspace, everyone = load(path)
    customers = [one for one in everyone if in_months(one.get("active", {}), month)]
    rates = Rates(workspace.get("fx", ()), month)
    home = workspace.get("invoice", {}).get("currency", "JPY")

    charges, sources = [], []
    # A source is no part of the months outside its own: nothing of it is read, and no figure of it is given.
    for source in (one for one in workspace.get("source", ()) if in_months(one, month)):
        if source["kind"] != "soracom-csv":
            raise Refused("not-covered", source["kind"])
        mine = read_source(path, source, month)
        currency = source.get("currency", "JPY")
        total = sum((one.cost for one in mine), Fraction(0))
        sources.append({
            "name": source["name"], "currency": currency,
            "charges": sum((one.cost for one in mine if one.cost >= 0), Fraction(0)),
            "discounts": sum((one.cost for one in mine if one.cost < 0), Fraction(0)),
            "total": total,
            "total_with_tax": rounded(provider_view(mine, workspace, month, readings), "up", MINOR_DIGITS[currency])})
        charges += mine
    if readings["convert"] == "before-allocation":
        for charge in charges:
            charge.cost *= rates.rate(charge.currency, home)
            charge.currency = home

    known, active = {one["id"] for one in everyone}, {one["id"] for one in customers}
    rows = assignments.read_assignments(path, workspace.get("source", ()), known, month)
    claims = assignments.Claims(customers, rows, month, workspace.get("allocation", {}), readings)
    adjusted = adjustments.read_adjustments(path, month, known, active)
    Taxes(workspace.get("tax", {})).check(workspace, everyone, adjusted)
    allocation = allocate(charges, customers, workspace.get("allocation", {}), claims, readings)
    flows = {"allocated": [], "kept": [(one.currency, one.cost) for one in allocation.kept]}
    invoices, carried, carried_costs, skipped, unbilled = {}, {}, {}, [], []
    for customer in customers:
        pieces = allocation.pieces[customer["id"]]
        # The issuer keeps these discounts: no line, no cost of the customer's.
        keeps = merged_pricing(workspace, customer)["discounts"] == "keep"
        kept = [one for one in pieces if keeps and one.charge.kind == "discount"]
        billed = [one for one in pieces if not (keeps and one.charge.kind == "discount")]
        flows["kept"] += [(one.charge.currency, one.cost) for one in kept]
        flows["allocated"] += [(one.charge.currency, one.cost) for one in billed]
        made = invoice(customer, billed, bool(kept), (brought or {}).get(customer["id"], {}),
                       (brought_costs or {}).get(customer["id"], Fraction(0)),
                       [one for one in adjusted if one["customer"] == customer["id"]], workspace, month, rates, claims, readings)
        if made and "carried" in made:
            carried[customer["id"]] = made["carried"]
            carried_costs[customer["id"]] = made["cost"]
            unbilled.append(made)
        elif made and made["total"] == 0 and {**workspace.get("invoice", {}), **customer.get("invoice", {})}.get("skip-zero", False):
            skipped.append(customer["id"])
            unbilled.append(made)
        elif made:
            invoices[customer["id"]] = {**issue_dates(workspace, customer, month, holidays, readings), **made}

    def at_home(amounts):
        return sum((amount * rates.rate(currency, home) for currency, amount in amounts), Fraction(0))
    conservation = {"source_total": at_home((one.currency, one.cost) for one in charges),
                    "allocated": at_home(flows["allocated"]), "kept": at_home(flows["kept"]), "unassigned": Fraction(0)}
    conservation["difference"] = conservation["source_total"] - conservation["allocated"] - conservation["kept"]
    assert conservation["difference"] == 0, "the oracle itself does not conserve"
    # What a month alone has is summed for every customer, whether or not an invoice is made.
    sums = {}
    for made in [*invoices.values(), *unbilled]:
        known = sums.setdefault(made["currency"], {"count": 0, "amount": Fraction(0), "cost": Fraction(0), "nothing": False})
        for name in ("count", "amount", "cost"):
            known[name] += made["adjustments"][name]
        known["nothing"] |= any(one.get("percent") and "adjustment" in one and not one["amount"] for one in made["items"])
    return {"month": month, "customers": invoices, "skipped": skipped, "carried": carried, "carried_costs": carried_costs,
            "adjustments": sums, "sources": sources, "conservation": conservation}


def outcome(path, month, holidays=None, readings=None, brought=None, brought_costs=None):
    """As `calculate`, with a refusal as a value."""
    try:
        return calculate(path, month, holidays, readings, brought, brought_costs)
    except Refused as refusal:
        return {"refused": refusal.kind, "detail": refusal.detail}


def as_json(value):
    return plain(value) if isinstance(value, Fraction) else value


def parse_readings(words):
    chosen = {}
    for word in words or ():
        name, _, value = word.partition("=")
        if value not in READINGS.get(name, ()):
            raise SystemExit(f"oracle: unknown reading {word}; known: " +
                             ", ".join(f"{key}={'|'.join(values)}" for key, values in READINGS.items()))
        chosen[name] = value
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace")
    parser.add_argument("month")
    parser.add_argument("--holidays", help="one YYYY-MM-DD per line")
    parser.add_argument("--reading", action="append", metavar="NAME=VALUE")
    given = parser.parse_args()
    result = outcome(given.workspace, given.month.replace("-", ""), read_holidays(given.holidays),
                     parse_readings(given.reading))
    json.dump(result, sys.stdout, default=as_json, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
