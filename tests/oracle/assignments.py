"""Who had what on which day: a naive scan over every rule for each charge and each day of the month (next/06-assignments.md)."""
import collections
import csv
import datetime
import functools
import io
import re
from dataclasses import replace
from fractions import Fraction

from figures import Refused, glob, holds, split

# The part that nobody claims comes after every id where cut-off parts are equal: the page speaks of ids only.
NOBODY = "\U0010ffff"


# --- days --------------------------------------------------------------------------------------------------------------

@functools.cache
def days_of(month):
    """Every day of the month as YYYYMMDD."""
    day, days = datetime.date(int(month[:4]), int(month[4:6]), 1), []
    while day.strftime("%Y%m") == month[:6]:
        days.append(day.strftime("%Y%m%d"))
        day += datetime.timedelta(days=1)
    return tuple(days)


@functools.cache
def bound(text, last):
    """A day as YYYYMMDD; of a month its first or its last day."""
    found = re.fullmatch(r"(\d{4})-?(\d\d)(?:-?(\d\d))?", str(text))
    if not found:
        raise Refused("bad-day", str(text))
    year, month, day = found.groups()
    if day is None:
        return days_of(year + month)[-1 if last else 0]
    if year + month + day not in days_of(year + month):
        raise Refused("bad-day", str(text))
    return year + month + day


def valid(rule, day):
    """Whether the rule's own days, both inclusive and either of them open, hold the day."""
    first, last = rule.get("from") or None, rule.get("until") or None
    return (first is None or bound(first, False) <= day) and (last is None or day <= bound(last, True))


def in_months(bounds, month):
    """Whether the bounds, which may be days, touch the month."""
    def month_of(text):
        return re.sub(r"\D", "", str(text))[:6]
    return month_of(bounds.get("from", month)) <= month <= month_of(bounds.get("until", month))


# --- the files -----------------------------------------------------------------------------------------------------------

def read_assignments(workspace, sources, known, month):
    """The rows of every assignments file, as rules; `known` are the ids of all customers, active or not."""
    rows = []
    for source in sources:
        if "assignments" not in source:
            continue
        folder, _, pattern = source["assignments"].replace("{month}", month).rpartition("/")
        for path in sorted((workspace / folder).iterdir()):
            if not glob(pattern, path.name):
                continue
            for row in csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")):
                if row["customer"] not in known:
                    raise Refused("unknown-customer", row["customer"])
                rule = {"source": source["name"], "resource": row["resource"], "customer": row["customer"],
                        "from": row.get("from") or "", "until": row.get("until") or "",
                        "priority": source.get("assignments-priority", 1)}
                if rule["from"] and rule["until"] and bound(rule["until"], True) < bound(rule["from"], False):
                    raise Refused("until-before-from", str(rule))
                rows.append(rule)
    for day in days_of(month):
        holders = collections.defaultdict(set)
        for one in rows:
            if valid(one, day):
                holders[one["source"], one["resource"]].add(one["customer"])
        for at, customers in holders.items():
            if len(customers) > 1:
                raise Refused("claimed-twice", f"{at} on {day} by {', '.join(sorted(customers))}")
    return rows


# --- claims --------------------------------------------------------------------------------------------------------------

class Claims:
    def __init__(self, customers, rows, month, settings, readings):
        self.customers, self.month, self.readings = customers, month, readings
        active = {one["id"] for one in customers}
        self.rows = [row for row in rows if row["customer"] in active]
        self.month_only = settings.get("month-only", "days")
        self.days = days_of(month)
        self.in_days = {one["id"] for one in customers if names_days(one.get("active", {}))}
        self.dated = bool(self.in_days) or bool(self.rows) or any(dated(rule) for one in customers for rule in one.get("match", ()))

    def on(self, charge, day):
        """The customers that claim the charge on the day with the highest priority."""
        best = {}

        def claim(customer, priority):
            best[customer] = max(best.get(customer, priority), priority)
        for customer in self.customers:
            if customer["id"] in self.in_days and self.readings["active-days"] == "claims" and (
                    not valid(customer["active"], day)):
                continue
            for rule in customer.get("match", ()):
                if valid(rule, day) and holds(rule, charge, self.readings):
                    claim(customer["id"], rule.get("priority", 0))
            for row in self.rows:
                if row["customer"] == customer["id"] and valid(row, day) and (
                        (row["source"], row["resource"]) == (charge.source, charge.resource)):
                    claim(customer["id"], row["priority"])
        return {one for one, priority in best.items() if priority == max(best.values())}

    def one(self, charge, day):
        found = self.on(charge, day)
        if len(found) > 1:
            raise Refused("claimed-twice", f"{charge.file}:{charge.row} on {day} by {', '.join(sorted(found))}")
        return next(iter(found), None)

    def parts(self, charge):
        """Who claims the charge, or which part of it: a list of (customer or None, charge)."""
        if len(charge.date) == 8:
            return [(self.one(charge, charge.date), charge)]
        if not self.dated:
            return [(self.one(charge, self.days[0]), charge)]
        by_day = [self.one(charge, day) for day in self.days]
        if len(set(by_day)) == 1:
            return [(by_day[0], charge)]
        claimed = [one for one in by_day if one is not None]
        if self.month_only == "error":
            raise Refused("month-only", f"{charge.file}:{charge.row}")
        if self.month_only in ("first", "last"):
            return [(claimed[0 if self.month_only == "first" else -1], charge)]
        ratios = {NOBODY if one is None else one: Fraction(days) for one, days in collections.Counter(by_day).items()}
        costs = split(charge.cost, ratios)
        quantities = dict.fromkeys(ratios) if charge.quantity is None else split(charge.quantity, ratios)
        # A part of nothing is still of its charge's kind.
        return [(None if one == NOBODY else one, replace(charge, cost=costs[one], quantity=quantities[one],
                                                          whole=charge.cost)) for one in sorted(ratios)]

    def days_held(self, customer, charges):
        """The days on which the customer has the resource of these charges of its own."""
        if not self.dated:
            return set(self.days)
        if self.readings["days-held"] == "claimed":
            return {day for day in self.days if any(customer in self.on(one, day) for one in charges)}
        owner = next(one for one in self.customers if one["id"] == customer)
        rules = [(rule, one) for rule in owner.get("match", ()) if dated(rule) for one in charges
                 if holds(rule, one, self.readings)]
        rules += [(row, one) for row in self.rows for one in charges if row["customer"] == customer and (
            (row["source"], row["resource"]) == (one.source, one.resource))]
        return {day for day in self.days if any(valid(rule, day) for rule, _ in rules)} if rules else set(self.days)


def dated(rule):
    return "from" in rule or "until" in rule


def names_days(bounds):
    """Whether one of the bounds is a day rather than a month."""
    return any(len(re.sub(r"\D", "", str(bounds.get(name, "")))) == 8 for name in ("from", "until"))


# --- fees ----------------------------------------------------------------------------------------------------------------

def of_the_month(held, month, how):
    """Which part of a month's fee the days held bear."""
    days = days_of(month)
    if how == "days":
        return Fraction(len(set(days) & held), len(days))
    if how != "thirty":
        raise Refused("bad-setting", f"prorate {how}")

    def marks(at):
        """m(d) of the page, with d = 0 before the first day."""
        return 30 if at == len(days) else min(at, 30)
    return Fraction(sum(marks(at) - marks(at - 1) for at, day in enumerate(days, start=1) if day in held), 30)
