"""What a random workspace has beyond charges, prices and shares, in groups of their own (see GROUPS).

Each group draws from a generator of its own, so that a workspace without groups is the same byte for byte as ever, and one
with a group differs from it by that group alone.
"""
import argparse
import calendar
import csv
import io
import random
import re

from figures import glob

GROUPS = ("dates", "adjustments", "percent", "included", "tiers", "assignments", "prorate", "taxes")
# Not every workspace of a seed has every group: what one changes must be seen alone, too.
LIKELY = {"dates": 0.5, "adjustments": 0.5, "percent": 0.4, "included": 0.35, "tiers": 0.5, "assignments": 0.5, "prorate": 0.7, "taxes": 0.4}
FAULTS = {"adjustments": ("unknown-customer", "same-id", "of-nothing", "date-outside", "supply-later", "two-kinds", "percent-outside",
                          "negative-group"),
          "assignments": ("overlap", "gap", "month-only", "unknown-holder", "until-before-from"),
          "taxes": ("not-yet", "no-such-category", "twice")}


def groups(text):
    """The groups of a list with commas, or all of them."""
    chosen = GROUPS if text == "all" else tuple(text.split(","))
    if unknown := set(chosen) - set(GROUPS):
        raise argparse.ArgumentTypeError(f"unknown group {', '.join(sorted(unknown))}; known: {', '.join(GROUPS)}")
    return chosen


class Features:
    """The groups of one workspace; `builder` is the one that makes the rest of it."""

    def __init__(self, builder, seed, names):
        self.builder, self.month = builder, builder.month
        self.wide = None
        # What is made to be refused, owed or lifted stays as it is: a feature could turn it into something else.
        eligible = not (builder.fault or builder.owed or builder.slight)
        self.random = {name: random.Random(f"invoicer {seed} {name}") for name in names}
        self.on = {name for name in names if self.random[name].random() < LIKELY[name] and eligible}
        self.fault = None
        for name in sorted(self.on & set(FAULTS)):
            if self.random[name].random() < 0.07 and self.fault is None:
                self.fault = self.random[name].choice(FAULTS[name])
        self.last = calendar.monthrange(int(self.month[:4]), int(self.month[4:]))[1]
        # The customers with days of their own, and what is moved between customers.
        self.moved, self.with_usage, self.unit = [], set(), None
        self.order_matters = False
        if self.has("tiers") and self.random["tiers"].random() < 0.75:
            # Several items of one source, all of them in one unit.
            self.wide = self.random["tiers"].choice(({"item": "*loadDataCharge"}, {"item": "*loadDataCharge"}, {"source": "soracom", "item": "?a*Charge"},
                                                     {"source": "soracom", "item": "*am*Charge"}))
        self.mode = self.random["assignments"].choice(("", "days", "days", "first", "last")) if self.has("assignments") else ""

    def has(self, name):
        return name in self.on

    @property
    def active(self):
        return [one for one in self.builder.active if one in self.builder.customers]

    def day(self, number):
        return f"{self.month[:4]}-{self.month[4:]}-{number:02}"

    # --- what has a date or a number ---------------------------------------------------------------------------------

    def dates(self):
        """Keys of `[invoice]`; the due date stays after the issue date."""
        if not self.has("dates"):
            return {}
        pick = self.random["dates"]
        first = pick.randint(0, 3)
        values = {"issue-date": pick.choice((f"month+{first}-{pick.choice((1, 5, 28, 29, 30, 31))}", f"month+{first}-end")),
                  "due-date": f"month+{pick.randint(first + 1, 6)}-{pick.choice(('end', '31', '30', '29'))}"}
        if first == 0:
            values["issue-date"] = pick.choice(("month+0-end", "month+0-31"))
        if pick.random() < 0.6:
            values["number"] = pick.choice(("{year}-{mm}-{customer}", "{yy}{mm}-{customer}-{seq:04}", "{yy}{mm}-{seq}",
                                            "{year}{mm}-{seq:03}", "FY{fiscal-year}-{customer}-{month}",
                                            "{customer}-{yy}{mm}"))
        if "{seq" in values.get("number", ""):
            if pick.random() < 0.7:
                values["number-start"] = pick.choice((124, 2, 9999))
            if pick.random() < 0.7:
                values["number-restart"] = pick.choice(("never", "year", "month"))
        if pick.random() < 0.3:
            values["fiscal-year-start"] = pick.choice(("04", "01", "10"))
        if pick.random() < 0.5:
            values["skip-zero"] = pick.random() < 0.8
        return values

    def free(self):
        """A customer, its source and rows, whose bill is over 0 with a source of its own: no other's discount reaches it."""
        if not self.has("dates") or self.random["dates"].random() < 0.6:
            return None
        pick = self.random["dates"]
        customer = {"name": "無料株式会社", "postal-code": "530-0001", "address": ["大阪府大阪市北区梅田1-1"]}
        invoice = {"skip-zero": pick.random() < 0.8}
        rows = [["imsi", "date", "billItemName", "quantity", "amount"], ["66007", f"{self.month}01", "freeCharge", "1", pick.choice(("3", "0.5"))]]
        rule = {"item": "freeCharge", "unit-price": pick.choice(("0", "0", "1"))}
        return customer, invoice, rule, "\n".join(map(",".join, rows)).encode()

    # --- prices ------------------------------------------------------------------------------------------------------

    def mark_included(self, values):
        if self.has("included") and self.random["included"].random() < 0.5:
            values["tax"] = "included"
        return values

    def pricing_rules(self):
        """Rules of tiers over several items, of volume tiers, and of tiers in the item's printed unit."""
        result = []
        counted = sorted(self.builder.counted)
        if self.has("tiers") and (counted or self.wide):
            pick = self.random["tiers"]
            counted = counted or [self.wide["item"]]
            for _ in range(pick.choice((1, 1, 2))):
                rule = {"item": pick.choice(counted)}
                if self.unit and (result or not self.wide) and pick.random() < 0.5:
                    rule["item"], rule["per"] = self.unit["item"], self.unit["unit"]
                rule["tiers"] = self.tiers(pick, int(self.unit["scale"]) if "per" in rule else 1)
                if pick.random() < 0.6:
                    rule["tiering"] = pick.choice(("volume", "volume", "graduated"))
                if self.wide and "per" not in rule and not result:
                    rule.update(self.wide)
                    if rule["item"] == "*loadDataCharge" and pick.random() < 0.5:
                        rule.update({"per": "MB", "tiers": [{"up-to": pick.choice(("1", "2", "0.5")), "unit-price": "100"}, {"unit-price": "40"}]})
                    rule["together"] = pick.random() < 0.8
                elif pick.random() < 0.4:
                    rule["together"] = pick.random() < 0.85
                if rule.get("together") and "*" in rule["item"] and rule.get("tiering") != "volume":
                    # The units of two items on one day and resource come in the order of the rows.
                    self.order_matters = True
                result.append(rule)
        if self.has("included") and counted:
            pick = self.random["included"]
            if pick.random() < 0.7:
                result.append({"item": pick.choice(counted), "unit-price": pick.choice(("980", "330", "0.5", 108, "1.25")), "tax": "included"})
        return result

    def tiers(self, pick, scale):
        first = max(1, pick.choice((pick.randint(1, 1000), pick.randint(100_000, 3_000_000))) * (1 if scale == 1 else 1000) // scale)
        tiers = [{"up-to": str(first), "unit-price": pick.choice(("0.5", "1", "0.25"))},
                 {"up-to": str(first * pick.choice((2, 20, 1000))), "unit-price": pick.choice(("0.2", "0", "0.05"))},
                 {"unit-price": pick.choice(("0.1", "0.025", "0.01"))}]
        return tiers if pick.random() < 0.6 else [tiers[0], tiers[2]]

    def count(self, source, rows):
        """Gives each row of the items that are measured together a quantity and a day, so that tiers may take them."""
        if source != "soracom" or not self.wide:
            return
        pick, seen = self.random["tiers"], set()
        for row in list(rows):
            if not glob(self.wide["item"], row["billItemName"]) or not row.get("imsi") or row["amount"].startswith("-"):
                continue
            row["quantity"] = row.get("quantity") or str(pick.randint(1, 2_000_000))
            row["date"] = row["date"] if len(row["date"]) == 8 else f"{self.month}{pick.randint(1, 28):02}"
            key = row["imsi"], row["date"], row["billItemName"]
            if key in seen:
                rows.remove(row)
            elif pick.random() < 0.6:
                # The same resource uses another of the items, on a day of its own.
                other = pick.choice([one for one in self.builder.items_of(source) if glob(self.wide["item"], one)])
                twin = {**row, "date": f"{self.month}{29 if self.last > 28 else 28}", "billItemName": other, "amount": "0.5",
                        "quantity": str(pick.randint(1, 2_000_000))}
                if (twin["imsi"], twin["date"], other) not in seen:
                    rows.append(twin)
                    seen.add((twin["imsi"], twin["date"], other))
            seen.add(key)

    def workspace_tables(self):
        """[(name, values)] to add to invoicer.toml."""
        self.unit = None
        tables = []
        counted = [one for one in sorted(self.builder.counted) if one not in ("uploadDataCharge", "downloadDataCharge")]
        counted = [one for one in counted if not self.wide or not glob(self.wide["item"], one)]
        if self.wide and "source" in self.wide:
            # What is measured together is in one unit, which no provider names for these.
            tables.append(("[[item]]", {"item": self.wide["item"], "unit": "回"}))
        if self.has("tiers") and counted:
            pick = self.random["tiers"]
            self.unit = {"item": pick.choice(counted), "unit": "kB", "scale": pick.choice(("1024", "1000", "8"))}
            tables.append(("[[item]]", {**self.unit, "name": "Data"}))
        return tables

    # --- fees --------------------------------------------------------------------------------------------------------

    def newcomer(self):
        """A customer of fees alone that begins or ends within the month: whether its days bound its claims, too, is left open."""
        if not self.has("prorate") or self.random["prorate"].random() < 0.5:
            return None
        pick = self.random["prorate"]
        first, until = sorted(pick.choices((1, 2, 10, 15, self.last - 1, self.last), k=2))
        active = {**({"from": self.day(first)} if first > 1 or pick.random() < 0.5 else {}), "until": self.day(until)}
        fees = [{"name": "care-fee", "amount": pick.choice(("5000", "100", "31")), "per": "month", "prorate": pick.choice(("days", "thirty"))},
                {"name": "whole-fee", "amount": "100", "per": "month"}]
        return {"name": "新規株式会社", "postal-code": "530-0001", "address": ["大阪府大阪市北区梅田1-1"], "active": active}, fees

    def fees(self):
        """Fees of a customer."""
        fees = []
        if self.has("percent"):
            pick = self.random["percent"]
            categories = [None, None, "exempt", "standard"]
            if pick.random() < 0.6:
                fees.append({"name": "percent-fee-a", "percent": pick.choice(("3%", "-5%", "12.5%", "0.333%", "100%")),
                             "of": pick.choice(({"item": "*"}, {"item": "*", "kind": "usage"}, {"kind": "usage"}, {"item": "*Charge"},
                                                {"kind": "discount"}, {"source": "soracom", "item": "*asic*"}))})
            if pick.random() < 0.4:
                fees.append({"name": "units-fee", "amount": pick.choice(("500", "80", 3)), "quantity": pick.choice(("3", "12", "1.5", "0.25", 2)),
                             "per": pick.choice(("month", "month", "resource"))})
            if pick.random() < 0.2:
                fees.append({"name": "rebate-fee", "amount": pick.choice(("-1", "-1", "-20"))})
            for one in fees:
                if "amount" in one and (category := pick.choice(categories)):
                    one["tax-category"] = category
        if self.has("included"):
            pick = self.random["included"]
            if pick.random() < 0.6:
                fees.append({"name": "gross-fee", "amount": pick.choice(("980", "60000", "1", "108", "333")), "tax": "included",
                             "per": pick.choice(("month", "month", "resource"))})
                if pick.random() < 0.4:
                    fees[-1]["tax-category"] = pick.choice(("standard", "reduced" if self.month >= "201910" else "standard", "exempt"))
        if self.has("prorate"):
            pick = self.random["prorate"]
            if pick.random() < 0.7:
                fees.append({"name": "line-fee", "amount": pick.choice(("800", "330", "1000", "31", "7")), "per": "resource",
                             "prorate": pick.choice(("days", "thirty", "days", "thirty", "none"))})
                if pick.random() < 0.3:
                    fees[-1]["quantity"] = pick.choice(("2", "3", 40))
            if pick.random() < 0.4:
                fees.append({"name": "care-fee", "amount": pick.choice(("5000", "100")), "per": "month",
                             "prorate": pick.choice(("days", "thirty"))})
        return fees

    # --- who has what on which day -----------------------------------------------------------------------------------

    def move(self):
        """Resources that no tag or group tells the owner of, only days: in files, or in dated matches."""
        if not self.has("assignments") or not self.active:
            return
        pick = self.random["assignments"]
        for which in range(pick.choice((1, 1, 2, 3))):
            self.moved.append({"id": f"5500{which:010}7", "spans": self.spans(pick), "in-file": pick.random() < 0.6})
        if self.fault in ("unknown-holder", "until-before-from"):
            self.moved[0]["in-file"] = True
        if self.fault == "overlap":
            self.moved[0]["spans"] = [(self.active[0], 1, 20), ("second-holder", 20, self.last)]
        elif self.fault == "gap":
            self.moved[0]["spans"] = [(self.active[0], 1, 10), (self.active[-1], 12, self.last)]
        elif self.fault == "month-only":
            self.moved[0]["spans"] = [(self.active[0], 1, 10)]
        for one in self.moved:
            for at, (holder, first, until) in enumerate(one["spans"]):
                if holder == "second-holder":
                    holder = next((two for two in self.active if two != self.active[0]), None)
                    if holder is None:
                        self.fault = None
                        one["spans"] = [(self.active[0], 1, self.last)]
                        break
                    one["spans"][at] = (holder, first, until)

    def spans(self, pick):
        """(customer, first day, last day) without overlaps of two customers, from the 1st to the last day of the month."""
        cuts = sorted(pick.sample(range(2, self.last + 1), pick.choice((0, 1, 1, 1, 2, 2, 3))))
        if pick.random() < 0.25:
            cuts = [pick.choice((2, self.last))]
        bounds = [1, *cuts, self.last + 1]
        spans = [(pick.choice(self.active), start, end - 1) for start, end in zip(bounds, bounds[1:])]
        if len(spans) > 1 and pick.random() < 0.3:
            # A gap: what is charged in it belongs to nobody, so nothing is.
            spans.pop(pick.randrange(len(spans)))
        return spans

    def override(self, source, rows):
        """For some days a resource that its tags give to one customer is another's."""
        tagged = sorted({(row["imsi"], row["customer"]) for row in rows if row.get("imsi", "").startswith("4401")
                         and row.get("customer") in self.active})
        if source != "soracom" or not self.has("assignments") or self.fault or not tagged or len(self.active) < 2:
            return
        pick = self.random["assignments"]
        if pick.random() < 0.5:
            return
        resource, owner = pick.choice(tagged)
        first, until = sorted(pick.choices(range(1, self.last + 1), k=2))
        self.moved.append({"id": resource, "in-file": pick.random() < 0.5, "override": True,
                           "spans": [(pick.choice([one for one in self.active if one != owner]), first, until)]})

    def moved_rows(self, source):
        """The rows of what is moved, all of them in the first source: every day with a holder may have one."""
        if not self.moved or source != "soracom":
            return []
        self.with_usage |= {holder for one in self.moved for holder, _, _ in one["spans"]} if not self.fault else set()
        pick = self.random["assignments"]
        items = self.builder.items_of(source)
        rows = []
        for one in (one for one in self.moved if "override" not in one):
            held = {day for _, first, until in one["spans"] for day in range(first, until + 1)}
            mark = {"imsi": one["id"], "unitPrice": ""}
            for day in pick.sample(sorted(held), min(len(held), pick.choice((1, 2, 4)))):
                rows.append({**mark, "date": f"{self.month}{day:02}", "billItemName": pick.choice(items), "quantity": str(pick.randint(1, 999)),
                             "amount": pick.choice(("10", "0.25", "3.3E-1", "17.5", "100"))})
            whole = held == set(range(1, self.last + 1)) or self.builder.keep_unassigned or self.month_only() in ("first", "last")
            if whole and pick.random() < 0.7:
                rows.append({**mark, "date": self.month, "billItemName": pick.choice(("lineCharge", "planCharge")), "quantity": pick.choice(("1", "", "31", "2.5")),
                             "amount": pick.choice(("1000", "310", "0.0001", "33.33333", "8"))})
            if whole and pick.random() < 0.25:
                rows.append({**mark, "date": self.month, "billItemName": "lineDiscount", "quantity": "", "amount": pick.choice(("-1", "-0.5", "-0.00001"))})
        first = self.moved[0]
        mark = {"imsi": first["id"], "quantity": "1", "amount": "10"}
        if self.fault == "overlap":
            rows.append({**mark, "date": f"{self.month}20", "billItemName": "lineCharge"})
        elif self.fault == "gap" and not self.builder.keep_unassigned:
            rows.append({**mark, "date": f"{self.month}11", "billItemName": "lineCharge"})
        elif self.fault == "month-only":
            rows.append({**mark, "date": self.month, "billItemName": "planCharge"})
        rows = list({(row["imsi"], row["date"], row["billItemName"]): row for row in rows}.values())
        if self.by_days:
            rows.append({"vpgId": "vpg-days", "date": f"{self.month}01", "billItemName": "vpgUse", "quantity": pick.choice(("1", "24", "")),
                         "amount": pick.choice(("50", "1000", "0.01"))})
        return rows

    def share_rules(self):
        """What is shared by the days on which each customer has its resources."""
        self.by_days = bool(self.moved) and self.random["assignments"].random() < 0.3
        rule = {"match": {"resource": "vpg-days"}, "by": "resource-days"}
        return [rule] if self.by_days else []

    def month_only(self):
        return self.allocation().get("month-only", "days")

    def allocation(self):
        """Keys of `[allocation]`."""
        if not self.has("assignments"):
            return {}
        if self.fault == "month-only":
            return {"month-only": "error"}
        return {"month-only": self.mode} if self.mode else {}

    def bounds(self, pick, first, until):
        """The days of a span as keys, now and then open or a month where that is the same."""
        result = {}
        if first > 1 or pick.random() < 0.5:
            result["from"] = self.day(first)
        elif pick.random() < 0.4:
            result["from"] = pick.choice((self.month, "2012-02-29", "201001"))
        if until < self.last or pick.random() < 0.5:
            result["until"] = self.day(until)
        elif pick.random() < 0.4:
            result["until"] = pick.choice((self.month, "2030-12-31"))
        return result

    def source_keys(self, source):
        if source != "soracom" or not any(one["in-file"] for one in self.moved):
            return {}
        # Before the rules with a priority of one customer for another's rows.
        over = any("override" in one and one["in-file"] for one in self.moved)
        return {"assignments": "assignments/soracom*.csv", **({"assignments-priority": 5} if over else {})}

    def assignment_files(self):
        """The rows of what is moved by file, spread over one or two files."""
        pick = self.random.get("assignments")
        records = []
        for one in self.moved:
            for holder, first, until in one["spans"] if one["in-file"] else ():
                bounds = self.bounds(pick, first, until)
                records.append([one["id"], holder, self.dashed(bounds.get("from", "")), self.dashed(bounds.get("until", "")), "plan-A", "note, with comma"])
                if first < until and pick.random() < 0.15:
                    # Rows of one customer may overlap.
                    records.append([one["id"], holder, self.day(first), self.day(until - 1), "", "overlap"])
        if not records:
            return {}
        if self.fault == "unknown-holder":
            records.append(["5500999", "nobody-known", "", "", "", ""])
        elif self.fault == "until-before-from":
            records.append(["5500999", self.active[0], self.day(9), self.day(8), "", ""])
        pick.shuffle(records)
        cut = pick.choice((len(records), len(records) // 2))
        files = {}
        for at, part in enumerate((records[:cut], records[cut:])):
            if not part:
                continue
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator=pick.choice(("\n", "\r\n"))).writerows([["resource", "customer", "from", "until", "plan", "note"], *part])
            files[f"assignments/soracom-{at}.csv"] = (pick.choice(("", "\ufeff")) + text.getvalue()).encode()
        return files

    def dashed(self, text):
        """A month in a file is written as one of its days: the page speaks of days there."""
        if len(text) != 6:
            return text
        return ""

    def matches(self, customer):
        """Dated `[[match]]` tables of the customer."""
        pick = self.random.get("assignments")
        result = []
        for one in self.moved:
            for holder, first, until in one["spans"] if not one["in-file"] else ():
                if holder == customer:
                    result.append({"resource": one["id"], **self.bounds(pick, first, until), **({"priority": 5} if "override" in one else {})})
        return result

    # --- what this month alone has -----------------------------------------------------------------------------------

    def adjustment_file(self):
        """The month's adjustments: tables by the file's path, or the bytes of a CSV file."""
        if not self.has("adjustments"):
            return {}
        pick = self.random["adjustments"]
        adjustments = []
        for which in range(pick.choice((1, 1, 2, 3, 5))):
            customer = pick.choice(self.active)
            one = {"id": f"{self.month}-{pick.choice('abc')}{which}", "customer": customer, "name": f"adjustment-{which}."}
            kind = pick.choice(("amount", "amount", "quantity", "percent"))
            if kind == "amount":
                one["amount"] = pick.choice(("1500", "10005", "995", 1, "-1", "-10", "333"))
            elif kind == "quantity":
                one.update({"quantity": pick.choice(("12", "1", "0.5", "2.25")), "unit": "台", "unit-price": pick.choice(("1500", "0.3", "33"))})
            else:
                # What it measures must be there: "`of` that matches nothing (error, not 0)".
                adjustments.append({"id": f"{one['id']}-base", "customer": customer, "name": f"adjustment-{which}base.", "amount": "77"})
                one.update({"percent": pick.choice(("-10%", "-10%", "7.7%", "-100%", "33.333%", "-1%")), "of": self.of(pick, customer)})
            if kind != "percent":
                if pick.random() < 0.4 and not str(one.get("amount")).startswith("-"):
                    one["tax-category"] = pick.choice(("standard", "exempt", "non-taxable", "out-of-scope"))
                if pick.random() < 0.3:
                    one["date"] = self.day(pick.randint(1, self.last))
                elif pick.random() < 0.35:
                    one["supply"] = pick.choice(("201403", "201909", "201402", self.previous(), self.month))
                    if one["supply"] > self.month:
                        del one["supply"]
                self.mark_included(one)
            # What a percentage costs, the page does not say.
            if kind != "percent" and pick.random() < 0.25:
                one["cost"] = pick.choice(("9000", "0.5", 12))
            if pick.random() < 0.3:
                one["note"] = "見積 Q-118 による"
            adjustments.append(one)
        self.refused(pick, adjustments)
        pick.shuffle(adjustments)
        if not self.fault and not any("percent" in one or "tax" in one for one in adjustments) and pick.random() < 0.5:
            columns = ["id", "customer", "name", "quantity", "unit", "unit-price", "amount", "percent", "of", "tax-category", "date",
                       "supply", "cost", "note"]
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\n").writerows([columns, *([one.get(name, "") for name in columns] for one in adjustments)])
            return {f"adjustments/{self.month}{pick.choice(('', '-more'))}.csv": text.getvalue().encode()}
        return {f"adjustments/{self.month}.toml": adjustments}

    # --- another tax than Japan's ------------------------------------------------------------------------------------

    def taxed_otherwise(self, files):
        """The files of a workspace with rates of its own, or without tax: their categories are others, too."""
        if not self.has("taxes"):
            return files
        pick = self.random["taxes"]
        none = self.fault not in FAULTS["taxes"] and pick.random() < 0.25
        own = [] if none else pick.sample(("lodging", "super-reduced", "zero"), pick.choice((0, 1, 2, 3)))
        result = {}
        for name, content in files.items():
            text = content.decode("utf-8") if name.endswith(".toml") else None
            if text is not None:
                text = re.sub(r'^((?:tax-)?category = )"([a-z-]+)"\n', lambda found: self.category(found, none, own, pick), text, flags=re.M)
                if none:
                    text = re.sub(r'^\[\[tax\.rule\]\]\n(?:[^\[\n].*\n)*', "", text, flags=re.M)
            elif name.startswith("adjustments/") and none:
                rows = list(csv.reader(io.StringIO(content.decode())))
                at = rows[0].index("tax-category")
                out = io.StringIO(newline="")
                csv.writer(out, lineterminator="\n").writerows([rows[0], *([*row[:at], "", *row[at + 1:]] for row in rows[1:])])
                content = out.getvalue().encode()
            result[name] = content if text is None else text.encode()
        if self.fault == "no-such-category" and not any(b"standrad" in one for one in result.values()):
            self.fault = None
        settings = result["invoicer.toml"].decode()
        regime = 'regime = "none"\n' if none else 'regime = "custom"\n' + self.rates(own, pick)
        head, tax, rest = settings.partition("[tax]\n")
        end = rest.index("\n\n") + 1
        result["invoicer.toml"] = f"{head}{tax}{rest[:end]}{regime}{rest[end:]}".encode()
        return result

    def category(self, found, none, own, pick):
        key, known = found.groups()
        if none:
            return ""
        if self.fault == "no-such-category" and pick.random() < 0.5:
            return f'{key}"standrad"\n'
        return f'{key}"{pick.choice([known, known, *own])}"\n'

    def rates(self, own, pick):
        """Tables of rates: each category's first is older than anything supplied, others begin before, in or after the month."""
        text = ""
        for category in ("standard", "reduced", *own):
            since = {"199001"} | set(pick.sample(("201403", "201909", self.previous(), self.month, "203001"), pick.choice((0, 1, 2))))
            if self.fault == "not-yet" and category == "standard":
                since = {"203001"}
            if self.fault == "not-yet" and category != "standard":
                since -= {"199001"}
                since |= {"203002"}
            rates = [(one, "0%" if category == "zero" else pick.choice(
                ("19%", "7.7%", "8.1%", "8.875%", "2.5%", "20%", "0.055", "0.0001%", "99.9999%", "25.5%", "0%"))) for one in sorted(since)]
            pick.shuffle(rates)
            if self.fault == "twice" and category == "standard":
                rates.append(rates[0])
            for one, rate in rates:
                text += f'\n[[tax.rate]]\ncategory = "{category}"\nfrom = "{one}"\nrate = "{rate}"\n'
                text += pick.choice(("", 'name = "VAT"\n', 'name = { ja = "付加価値税", en = "VAT" }\n'))
        return text

    def minimum(self, pricing):
        if self.has("adjustments") and self.random["adjustments"].random() < 0.5:
            pricing["minimum-excludes"] = ["adjustment"]

    def of(self, pick, customer):
        always = ({"item": "*"}, {"item": "*"}, {"item": "adjustment-*"}, {"item": "*", "kind": "adjustment"})
        return pick.choice(always + ({"item": "*", "kind": "usage"}, {"kind": "usage"}) * 2 * (customer in self.with_usage))

    def previous(self):
        year, number = int(self.month[:4]), int(self.month[4:])
        return f"{year - 1}12" if number == 1 else f"{year}{number - 1:02}"

    def refused(self, pick, adjustments):
        one = {"id": f"{self.month}-wrong", "customer": self.active[0], "name": "wrong.", "amount": "10"}
        changes = {"unknown-customer": {"customer": "nobody-known"}, "same-id": {}, "of-nothing": {"percent": "5%", "of": {"item": "no-such-item"}},
                   "date-outside": {"date": f"{self.previous()[:4]}-{self.previous()[4:]}-15"}, "supply-later": {"supply": "203101"},
                   "two-kinds": {"percent": "5%", "of": {"item": "*"}}, "percent-outside": {"percent": "-101%", "of": {"item": "*"}},
                   "negative-group": {"amount": "-9999999999", "tax-category": "non-taxable"}}
        if self.fault not in changes:
            return
        one.update(changes[self.fault])
        if self.fault in ("of-nothing", "percent-outside"):
            del one["amount"]
        adjustments.append(one)
        if self.fault == "negative-group":
            # No other percentage takes it off again, and the subtotal is above zero: nothing is carried, whatever `below-zero` says.
            adjustments[:] = [other for other in adjustments if "percent" not in other]
            adjustments.append({**one, "id": f"{self.month}-right", "amount": "99999999999", "tax-category": "standard"})
        if self.fault == "same-id":
            adjustments.append({**one, "amount": "11"})
