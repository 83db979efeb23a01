#!/usr/bin/env python3
"""Seeded random workspaces that exercise the arithmetic in every combination.

usage: random_workspaces.py --seed N --count K --out DIR [--features GROUP,GROUP...]

Writes K workspaces DIR/N-MONTH, DIR/N+1-MONTH ...; the same seed always gives the same bytes. About one in eight is made to be
refused. The groups of random_features.py, or all of them, add what they name. Values are chosen so that no intermediate product needs more than 36 significant digits (see `Figures`), and so that
nothing depends on what the rules leave open where that can be avoided at little cost (see the comments).
"""
import argparse
import csv
import io
import json
import random
from pathlib import Path

import random_features

CUSTOMER_IDS = ("acme", "bravo", "c10", "c9", "delta-1", "echo", "foxtrot", "golf2", "hotel", "zulu")
MONTHS = ("202208",) * 14 + ("201403", "201404", "201909", "201910", "202211", "202212", "202402")
ROUNDINGS = ("up", "down", "half-up", "half-even")
MARKUPS = ("15%", "0.15", "20%", "25%", "50%", "10%", "0%", "12.5%", "33.333%", "100%", "7%", "0.05", 0)
FAULTS = ("unassigned", "claimed-twice", "missing-fx", "missing-price-fx", "share-ratio-zero", "inactive-weight", "duplicate-row",
          "negative-subtotal")
SOURCE_KINDS = {
    "soracom": ("JPY", ["basicCharge", "uploadDataCharge", "downloadDataCharge", "harvestDataCharge", "roamingDataCharge",
                        "beamRequestCharge", "国際ローミング"]),
    "global": ("USD", ["basicChargeUsd", "dataChargeUsd", "smsCharge", "roamingUsd"]),
    "canal": ("JPY", ["canalBasic", "gateCharge", "basicCharge", "foodDelivery"]),
    "euro": ("EUR", ["euroBasic", "euroData"]),
    "slight": ("JPY", ["slightCharge", "slightOption", "slightData"]),
}
DISCOUNT_ITEMS = ("freeTierDiscount", "couponDiscount", "volumeDiscount")
SHARED_ITEMS = ("vpgUse", "vpgSetup")
OWED = "-9999999999"
# The same tag name in both forms of Unicode: a file and a rule may each have either.
TAG_NAMES = ("お客様が", "お客様か\u3099")


class Figures:
    """Random figures as the text a provider could print.

    A share multiplies a charge by a sum of others, so its digits and theirs must stay within 36 together:
    usually 6 whole digits and up to 8 decimals each (14 + 16); in a `long` workspace 28-digit costs, and short shared ones.
    """

    def __init__(self, random_, long, foreign):
        self.random, self.long, self.foreign = random_, long, foreign

    def text(self, digits, places):
        """`digits` × 10^-places, plain or with an exponent, now and then with trailing zeros or a sign on zero."""
        style = self.random.random()
        if style < 0.12:
            mantissa = str(digits)
            if len(mantissa) > 1 and style < 0.06:
                return f"{mantissa[0]}.{mantissa[1:]}{self.random.choice('eE')}{len(mantissa) - 1 - places:+d}"
            return f"{mantissa}{self.random.choice(('E', 'e'))}{-places}"
        text = str(digits).rjust(places + 1, "0")
        text = f"{text[:-places]}.{text[-places:]}" if places else text
        if places and style > 0.94:
            text += "0" * self.random.randint(1, 3)
        return text

    def cost(self):
        kind = self.random.random()
        if kind < 0.06:
            return self.random.choice(("0", "0.0", "0.00000", "0E-7", "-0"))
        if kind < 0.22:
            return self.text(self.random.choice((10, 30, 310, 155, 2, 4, 6, 50, 70, 90, 1000)), 0)
        if kind < 0.36:
            return self.text(10 * self.random.randint(0, 4000) + 5, 1)
        if kind < 0.46:
            return self.text(self.random.randint(1, 999), self.random.randint(4, 8))
        if kind < 0.60 and self.long:
            places = 14 if self.foreign else 20
            return self.text(self.random.randint(10 ** (places + 6), 10 ** (places + 8) - 1), places)
        return self.text(self.random.randint(1, 999_999), self.random.choice((0, 0, 1, 2, 2, 3, 4)))

    def shared_cost(self):
        if self.long:
            return self.text(self.random.randint(1, 999_999), self.random.choice((0, 2, 4, 5)))
        places = self.random.choice((0, 0, 1, 2, 4, 5, 6, 8))
        return self.text(self.random.randint(1, 10 ** (4 + places)), places)

    def quantity(self):
        kind = self.random.random()
        if kind < 0.08:
            return self.random.choice(("0", "0.00", "0e0"))
        if kind < 0.7:
            return self.text(self.random.randint(1, 31 if kind < 0.3 else 2_000_000), 0)
        return self.text(self.random.randint(1, 9_999_999), self.random.choice((1, 2, 3)))


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml_key(key)} = {toml(one)}" for key, one in value.items()) + " }"
    return "[" + ", ".join(toml(one) for one in value) + "]"


def toml_key(key):
    return key if key.replace("-", "").replace("_", "").isalnum() and key.isascii() else toml(key)


def table(name, values):
    return f"\n{name}\n" + "".join(f"{toml_key(key)} = {toml(value)}\n" for key, value in values.items())


class Builder:
    def __init__(self, seed, features=()):
        self.random = random.Random(f"invoicer {seed}")
        pick = self.random
        self.month = pick.choice(MONTHS)
        self.fault = pick.choice(FAULTS) if pick.random() < 0.12 else None
        self.long = pick.random() < 0.2
        self.by_quantity = pick.random() < 0.35
        self.keep_unassigned = self.fault != "unassigned" and pick.random() < 0.2
        # A customer that is owed money, one whose bill only rounding makes negative, and what the issuer bears on purpose.
        self.owed = not self.fault and pick.random() < 0.05
        self.slight = not self.fault and not self.owed and pick.random() < 0.08
        self.kept_rows = pick.random() < 0.25
        count = pick.choice((1, 1, 2, 2, 3, 3, 4, 5, 6))
        self.customers = {one: self.customer(at) for at, one in enumerate(pick.sample(CUSTOMER_IDS, count))}
        self.sources = ["soracom"] + [one for one in ("global", "canal", "euro") if pick.random() < 0.25]
        if self.fault == "missing-fx" and "global" not in self.sources:
            self.sources.append("global")
        if self.slight:
            # Its own source, so that no account's discount reaches this customer.
            self.customers["slight"] = {"at": 8, "style": "tag", "resources": 1, "matches": []}
            self.sources.append("slight")
        self.empty = not self.fault and pick.random() < 0.06
        self.home = "USD" if pick.random() < 0.1 else "JPY"
        if self.fault in ("missing-fx", "missing-price-fx"):
            self.home = "JPY"
        self.files, self.rules_for_shares = {}, []
        # Items whose every row carries a quantity (and a resource), so that unit prices and tiers may apply to them.
        self.counted = set()
        self.features = random_features.Features(self, seed, features)

    def items_of(self, source):
        return SOURCE_KINDS[source][1]

    # --- customers and what marks their rows -------------------------------------------------------------------------

    def customer(self, at):
        pick = self.random
        return {"at": at, "style": pick.choice(("tag", "tag", "group", "resource", "name", "two", "source")),
                "resources": pick.randint(1, 4), "matches": []}

    def resource(self, customer, which, source):
        """Ids that start with a digit of the customer's, and differ between sources."""
        return f"4401{self.customers[customer]['at']}{list(SOURCE_KINDS).index(source)}00000000{which + 1}"

    def group(self, customer):
        return f"G{self.customers[customer]['at']},\"grp\"-{customer}"

    def matches(self, customer):
        own, pick = self.customers[customer], self.random
        at, style = own["at"], own["style"]
        tag = {"tag": {"customer": pick.choice((customer, customer, f"?{customer[1:]}", f"{customer}*"))}}
        if tag["tag"]["customer"].startswith("?") or any(
                one != customer and one.startswith(customer) for one in self.customers):
            tag = {"tag": {"customer": customer}}
        # NFC: the file writes the name in its composed form, the rows in the decomposed one.
        name = {"resource-name": f"が-{at}-*"}
        if style == "tag" and pick.random() < 0.3:
            rules = [{"tag": {pick.choice(TAG_NAMES): customer}}]
        elif style == "tag":
            rules = [tag]
        elif style == "group":
            rules = [{"group": pick.choice((f"G{at},*", f"G?,*-{customer}", self.group(customer)))}]
        elif style == "resource":
            rules = [{"resource": pick.choice((f"4401{at}*", f"??01{at}*0*", f"*1{at}?00*"))}]
            if "*1" in rules[0]["resource"]:
                rules = [{"resource": f"4401{at}*"}]
        elif style == "name":
            rules = [name]
        elif style == "two":
            rules = [{**tag, "item": "*Charge*"}, {**name, "item": "*"}]
        else:
            rules = [{"source": one, **pick.choice((tag, name, {"resource": f"4401{at}*"}))} for one in self.sources]
            if pick.random() < 0.3:
                rules[0]["account"] = "nobody"
                rules.append({"source": self.sources[0][:-1] + "?", "tag": {"customer": customer, "site": "site*"}})
        return rules

    # --- rows --------------------------------------------------------------------------------------------------------

    def rows_of(self, source):
        """The rows of one source as dictionaries by column; later spread over columns and files."""
        pick = self.random
        currency, items = SOURCE_KINDS[source]
        figures = Figures(pick, self.long, currency != self.home)
        rows, keys = [], set()
        counted = {item for item in items if pick.random() < 0.6}
        if source == "canal":
            # basicCharge exists in two sources; it counts as counted only if it is so in both.
            counted.discard("basicCharge")
            self.counted.discard("basicCharge")
        self.counted |= counted
        if self.empty:
            return rows
        if source == "slight":
            return self.slight_rows()
        for _ in range(pick.choice((0, 1, 2, 5, 10, 20, 60 if len(self.sources) == 1 else 20))):
            customer = pick.choice([one for one in self.customers if one != "slight"])
            own = self.customers[customer]
            item = items[0] if pick.random() < 0.3 else pick.choice(items)
            # Tiers take charges by date; a monthly row's place among daily ones is left open, so counted items are daily.
            monthly = item not in counted and pick.random() < 0.1
            which = pick.randrange(own["resources"])
            row = {
                "imsi": self.resource(customer, which, source),
                "date": self.month if monthly else f"{self.month}{pick.randint(1, 28):02}",
                "billItemName": item, "unitPrice": pick.choice(("", "0.0000002", "1.9E-7", "10")),
                "quantity": figures.quantity() if item in counted or pick.random() < 0.5 else "",
                "amount": figures.cost(), **self.marks(customer, which),
                "site": f"site {pick.randint(1, 3)}\nfloor \"2\", east" if pick.random() < 0.2 else "site-1"}
            if pick.random() < 0.04 and item not in counted:
                row["amount"] = "-" + figures.text(pick.randint(1, 50), 1)
                row["quantity"] = ""
            key = (row["imsi"], row["date"], item)
            if key not in keys:
                keys.add(key)
                rows.append(row)
        if rows and self.vpg_shared:
            for day in pick.sample(range(1, 29), pick.choice((0, 1, 3, 8))):
                rows.append({"vpgId": "vpg-0001", "date": f"{self.month}{day:02}", "billItemName": pick.choice(SHARED_ITEMS),
                             "unitPrice": "50", "quantity": pick.choice(("1", "24", "23.5", "")), "amount": figures.shared_cost()})
        if rows:
            for item in pick.sample(DISCOUNT_ITEMS, pick.choice((0, 1, 1, 2, 3))):
                size = pick.choice((4, 10, 46, 999))
                rows.append({"date": self.month, "billItemName": item, "unitPrice": "",
                             "quantity": pick.choice(("", "", "3", "0.1")),
                             "amount": "-" + figures.text(pick.randint(1, size), pick.choice((0, 1, 1, 2, 5)))})
                if pick.random() < 0.25:
                    # One customer's, of no resource: it reduces that customer's whole bill.
                    rows[-1].update(self.marks(pick.choice([one for one in self.customers if one != "slight"])),
                                    billItemName=item.replace("Discount", "Credit"))
        if rows and self.kept_rows:
            rows += [{"imsi": "7700", "name": f"own-m{which}", "date": f"{self.month}{pick.randint(1, 28):02}",
                      "billItemName": pick.choice(items), "quantity": "1", "amount": figures.cost()}
                     for which in range(pick.randint(1, 3))]
            rows = list({(row.get("imsi", at), row["date"], row["billItemName"]): row for at, row in enumerate(rows)}.values())
        return rows

    def slight_rows(self):
        """Charges and as much in discounts, or a little less, in parts that round by themselves."""
        pick = self.random
        cents = pick.randint(2, 60)
        rest = cents - pick.choice((0, 0, 1))
        parts = sorted(pick.sample(range(1, rest), min(pick.randint(1, 5), rest - 1))) if rest > 1 else []
        bounds = [0, *parts, rest]
        rows = [{"billItemName": pick.choice(SOURCE_KINDS["slight"][1]), "quantity": "1", "amount": str(cents)}]
        rows += [{"billItemName": f"slightDiscount{which % 3}", "amount": f"-{end - start}"}
                 for which, (start, end) in enumerate(zip(bounds, bounds[1:]))]
        for day, row in enumerate(rows, start=1):
            row.update(self.marks("slight"), amount=f"{row['amount']}E-2", date=f"{self.month}{day:02}")
            if day == 1 or pick.random() < 0.5:
                row["imsi"] = self.resource("slight", 0, "slight")
        return rows

    def marks(self, customer, which=0):
        """The columns by which rules may know the customer's rows."""
        return {"customer": customer, "tagged": customer, "name": f"か\u3099-{self.customers[customer]['at']}-m{which}",
                "site": "site-1", "groupName": self.group(customer)}

    def inject(self, source, rows):
        """Makes the fault of this workspace in the rows of its first source."""
        pick = self.random
        if self.fault == "unassigned":
            rows.append({"imsi": "999", "date": f"{self.month}01", "billItemName": "basicCharge", "quantity": "1",
                         "amount": pick.choice(("10", "0", "1E-9"))})
        elif self.fault == "claimed-twice":
            one = next(iter(self.customers))
            rows.append(self.plain_row(one, source, "10"))
            # A second customer that claims the same row with the same priority.
            self.customers.setdefault("twin", {"at": 9, "style": "tag", "resources": 1, "matches": []})
            self.customers["twin"]["matches"].append({"resource": rows[-1]["imsi"]})
        elif self.fault == "share-ratio-zero":
            rows.append({"vpgId": "vpg-zero", "date": f"{self.month}02", "billItemName": "vpgUse", "quantity": "1", "amount": "50"})
        elif self.fault == "inactive-weight":
            rows.append({"vpgId": "vpg-late", "date": f"{self.month}02", "billItemName": "vpgUse", "quantity": "1", "amount": "50"})
        elif self.fault == "negative-subtotal" or self.owed:
            one = next(iter(self.customers))
            rows.append(self.plain_row(one, source, OWED))
        return rows

    def plain_row(self, customer, source, amount):
        return {**self.marks(customer), "imsi": self.resource(customer, 0, source), "date": f"{self.month}29",
                "billItemName": "basicCharge", "unitPrice": "", "quantity": "1", "amount": amount}

    # --- files -------------------------------------------------------------------------------------------------------

    def write_csv(self, source, rows):
        """Spreads the rows over one to three files, each with its own column order, quoting, line ends and mark."""
        pick = self.random
        count = pick.choice((1, 1, 2, 3))
        cuts = sorted(pick.randint(0, len(rows)) for _ in range(count - 1))
        parts = [rows[start:end] for start, end in zip([0, *cuts], [*cuts, len(rows)])]
        if self.fault == "duplicate-row" and source == self.sources[0]:
            repeated = self.plain_row(next(iter(self.customers)), source, "10")
            parts = [parts[0] + [repeated], [dict(repeated)]] + parts[1:]
        group_column = self.group_columns[source]
        for at, part in enumerate(parts):
            columns = ["imsi", "vpgId", "date", "billItemName", "unitPrice", "quantity", "amount"]
            tags = ["customer", "name", "site", group_column, self.tag_column]
            if pick.random() < 0.3:
                # The id of the group beside its name; both belong to the group. A custom column replaces neither.
                tags.append("groupId" if group_column != "groupId" else "group")
            if pick.random() < 0.3:
                columns += pick.sample(["simId", "loraDeviceId", "deviceId", "soraCamDeviceId"], 2)
            if pick.random() < 0.3:
                columns.remove("unitPrice")
            if not any(row.get("vpgId") for row in part) and pick.random() < 0.5:
                columns.remove("vpgId")
            pick.shuffle(columns)
            pick.shuffle(tags)
            header = columns + tags
            if pick.random() < 0.4:
                # A tag named like an amount item: it comes later, so it is a tag, with a value that is no number.
                header.insert(pick.randint(len(columns), len(header)), pick.choice(("amount", "date", "quantity")))
            records = [header]
            for row in part:
                seen, record = set(), []
                for name in header:
                    record.append(f"tag {pick.randint(1, 3)}" if name in seen else
                                  row.get("groupName", "") if name == group_column else
                                  row.get("tagged", "") if name == self.tag_column else
                                  "id-1" if name in ("groupId", "group") and row.get("groupName") else row.get(name, ""))
                    seen.add(name)
                records.append(record)
            text = io.StringIO(newline="")
            csv.writer(text, quoting=pick.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
                       lineterminator=pick.choice(("\n", "\r\n"))).writerows(records)
            content = text.getvalue()
            if pick.random() < 0.2:
                content = content.rstrip("\r\n")
            mark = "\ufeff" if pick.random() < 0.6 else ""
            self.files[f"billing/{self.month}/{source}-{at + 1}.csv"] = (mark + content).encode()

    # --- settings ----------------------------------------------------------------------------------------------------

    def pricing(self, complete):
        pick = self.random
        values = {"markup": pick.choice(MARKUPS), "rounding": pick.choice(ROUNDINGS),
                  "round-at": pick.choice(("line", "item", "item", "invoice")),
                  "discounts": pick.choice(("marked-up", "marked-up", "at-cost", "keep"))}
        return values if complete else {key: value for key, value in values.items() if pick.random() < 0.4}

    def money(self, values, *keys):
        """The rule with, now and then, a currency beside its money."""
        if self.random.random() < 0.35 and any(key in values for key in keys):
            values["currency"] = self.random.choice(("JPY", "USD") if self.fault == "missing-price-fx" else ("JPY", "USD", "EUR"))
        return values

    def amount_in(self, currency, amounts):
        """An amount as the currency allows it: with decimals only where it has them."""
        return f"{self.random.choice((1, 5, 12, 80))}.{self.random.choice(('5', '05', '99'))}" if (
            currency != "JPY" and self.random.random() < 0.5) else self.random.choice(amounts)

    def minimum(self, pricing, default):
        """Adds a minimum, in the currency of the file or in another."""
        pricing["minimum"] = ""
        self.money(pricing, "minimum")
        pricing["minimum"] = self.amount_in(pricing.get("currency", default), ("1000", "50", 500, "100000"))
        self.features.minimum(pricing)

    def pricing_rules(self):
        pick = self.random
        items = sorted({item for source in self.sources for item in SOURCE_KINDS[source][1]})
        rules = []
        for _ in range(pick.choice((0, 0, 1, 2, 3))):
            kind = pick.choice(("markup", "unit-price", "tiers"))
            counted = sorted(self.counted)
            if kind == "markup" or not counted:
                rule = {"item": pick.choice([*items, "*DataCharge*", "*Charge", "?asic*", "*", "freeTier*", "vpg*"]),
                        "markup": pick.choice(MARKUPS)}
            elif kind == "unit-price":
                rule = {"item": pick.choice(counted), "unit-price": pick.choice(("330", "0.2", 330, "0.5", "1.25", "0.0000002", "0.002"))}
            else:
                first = pick.randint(1, 1000)
                tiers = [{"up-to": str(first), "unit-price": pick.choice(("0.5", "1", "0.333"))}]
                if pick.random() < 0.6:
                    tiers.append({"up-to": str(first * 1000), "unit-price": pick.choice(("0.2", "0", "0.05"))})
                tiers.append({"unit-price": pick.choice(("0.1", "0.025", "0.01"))})
                rule = {"item": pick.choice(counted), "tiers": tiers}
            self.money(rule, "unit-price", "tiers")
            if pick.random() < 0.3:
                rule["from"] = pick.choice((self.month, "201001", "203001"))
            if pick.random() < 0.3:
                rule["until"] = pick.choice((self.month, "201001", "203001"))
            if rule.get("from", "0") > rule.get("until", "9"):
                del rule["until"]
            rules.append(rule)
        return rules

    def tax_rules(self):
        pick = self.random
        categories = ["exempt", "non-taxable", "out-of-scope"] + (["reduced"] if self.month >= "201910" else [])
        rules = [{"item": pick.choice(("*oaming*", "国際*", "vpg*", "*DataCharge", "food*", "smsCharge", "coupon*")),
                  "category": pick.choice(categories)} for _ in range(pick.choice((0, 0, 1, 2, 3)))]
        # A discount alone in its category would be negative there; the supply it lowers must share it.
        rules = [one for one in rules if one["item"] != "coupon*" or pick.random() < 0.1]
        for _ in range(pick.choice((0, 0, 0, 1, 2))):
            one = pick.choice(list(self.customers))
            rule = {"customer": pick.choice((one, one, f"{one[:2]}*", f"?{one[1:]}", "*")),
                    "category": pick.choice([*categories, "standard"])}
            if pick.random() < 0.6:
                rule["item"] = pick.choice(("*Charge", "*asic*", "*Discount", "*", "?*ata*"))
            if pick.random() < 0.2:
                rule["source"] = pick.choice(self.sources)
            rules.insert(pick.randint(0, len(rules)), rule)
        return rules

    def share_rules(self):
        pick = self.random
        rules, self.vpg_shared = [], False
        if self.fault == "inactive-weight":
            self.customers.setdefault("late", {"at": 7, "style": "tag", "resources": 1, "matches": []})
            rules.append({"match": {"resource": "vpg-late"}, "weights": {next(iter(self.customers)): 1, "late": 2}})
        if self.fault == "share-ratio-zero":
            rules.append({"match": {"resource": "vpg-zero"}, "by": pick.choice(("amount", "quantity", "resources", "even")),
                          "of": {"item": "nothing*"}} if pick.random() < 0.7 else
                         {"match": {"resource": "vpg-zero"}, "weights": {next(iter(self.customers)): 0}})
        if pick.random() < 0.7:
            self.vpg_shared = True
            rule = {"match": pick.choice(({"resource": "vpg-*"}, {"item": "vpg*"}, {"resource": "vpg-0001", "group": ""},
                                          {"tag": {"customer": ""}, "resource": "vpg*"}))}
            if pick.random() < 0.3:
                chosen = pick.sample(sorted(self.active), pick.randint(1, len(self.active)))
                rule["weights"] = {one: pick.choice((1, 2, 3, 7, "0.5", "1.25")) for one in chosen}
            else:
                rule["by"] = pick.choice(("amount", "amount", "resources", "even") + ("quantity",) * 3 * self.by_quantity)
                if pick.random() < 0.25:
                    rule["of"] = {"item": "*asic*"}
            if pick.random() < 0.2 and len(self.sources) > 1:
                rules.append({**rule, "match": {**rule["match"], "source": self.sources[1]}, "by": "even"})
                rules[-1].pop("weights", None)
            rules.append(rule)
        if pick.random() < 0.2:
            # `*` does not match what is absent: this rule never holds for the rows it seems to name.
            rules.insert(0, {"match": {"item": "vpg*", **pick.choice(({"tag": {"customer": "*"}}, {"group": "*"},
                                                                      {"resource-name": "*"}))}, "by": "even"})
        if pick.random() < 0.25:
            rules.append({"match": {"item": pick.choice(("freeTier*", "coupon*"))},
                          "by": pick.choice(("amount", "even", "resources") + ("quantity",) * self.by_quantity)})
        return rules

    def keep_rules(self):
        """What the issuer bears: rows of its own, a discount, and now and then what others' rules come before."""
        pick = self.random
        rules = [{"match": pick.choice(({"resource-name": "own-*"}, {"resource": "77*"}, {"resource-name": "own-m?", "item": "*"}))}
                 ] if self.kept_rows else []
        if pick.random() < 0.15:
            rules.append({"match": pick.choice(({"item": "volume*"}, {"item": "*Discount", "resource": ""}, {"item": "vpg*"},
                                                {"item": "*asic*", "tag": {"customer": "*"}}, {"source": self.sources[-1],
                                                                                              "item": "coupon*"}))})
        pick.shuffle(rules)
        return rules

    def below_zero(self):
        """What to do with a negative subtotal; unset, and in a workspace made to be refused, it is refused."""
        if self.fault == "negative-subtotal":
            return {"below-zero": "refuse"} if self.random.random() < 0.5 else {}
        return self.random.choice(({}, {"below-zero": "refuse"}, {"below-zero": "carry"}))

    def dates(self):
        """Issue and due dates at least ten days apart: the rules do not say what a due date before the issue would mean."""
        pick = self.random
        year, number = int(self.month[:4]), int(self.month[4:])
        following = f"{year + number // 12}-{number % 12 + 1:02}"
        issue = pick.choice(("next-month-1", "month-end", f"next-month-{pick.randint(1, 10)}", f"{following}-05"))
        due = pick.choice(("next-month-end", f"next-month-{pick.randint(24, 28)}", "+30d", f"+{pick.randint(15, 130)}d",
                           f"{following}-28"))
        return {"issue-date": issue, "due-date": due, "due-on-holiday": pick.choice(("next", "previous", "none"))}

    def build(self):
        pick, month = self.random, self.month
        inactive = set()
        for one in list(self.customers)[1:]:
            if one != "slight" and pick.random() < 0.08:
                inactive.add(one)
        self.active = [one for one in self.customers if one not in inactive and one != "slight"]
        self.features.move()
        self.rules_for_shares = [*self.features.share_rules(), *self.share_rules()]
        if self.fault == "inactive-weight":
            inactive.add("late")
        self.tag_column = pick.choice(TAG_NAMES)
        self.group_columns = {one: pick.choice(("groupName", "groupName", "groupId", "group", "グループ名", "部署"))
                              for one in self.sources}
        sourced = {source: self.rows_of(source) for source in self.sources}
        # An inactive customer claims nothing; its rows would be unassigned, so they go, unless the issuer keeps those.
        if not self.keep_unassigned:
            sourced = {source: [row for row in rows if row.get("customer") not in inactive] for source, rows in sourced.items()}
        # What is shared by what was assigned needs someone active to share with.
        sourced = {source: rows if any(row.get("customer") in self.active and row.get("imsi") for row in rows)
                   or source == "slight" else [] for source, rows in sourced.items()}
        self.features.with_usage = {row["customer"] for rows in sourced.values() for row in rows
                                    if row.get("customer") in self.active and row.get("imsi") and not row["amount"].startswith("-")}
        for source, rows in sourced.items():
            self.features.count(source, rows)
            self.features.override(source, rows)
            rows += self.features.moved_rows(source)
        if self.fault == "missing-fx":
            sourced["global"].append(self.plain_row(next(iter(self.customers)), "global", "12.34"))
        sourced[self.sources[0]] = self.inject(self.sources[0], sourced[self.sources[0]])
        if self.keep_unassigned and sourced["soracom"]:
            sourced["soracom"].append({"imsi": "999", "date": f"{month}03", "billItemName": "basicCharge", "quantity": "1",
                                       "amount": pick.choice(("10", "0.25", "3.3E-5"))})
        # A month without any row still bills a fee, so that there is something to compare.
        self.empty = not any(rows for rows in sourced.values())
        for source, rows in sourced.items():
            # Providers write billing records before discounts; the rules must not depend on it.
            if pick.random() < 0.5:
                pick.shuffle(rows)
            self.write_csv(source, rows)

        text = table("[issuer]", {"name": "試験通信株式会社", "registration-number": "T7000012050002", "postal-code": "100-0001",
                                  "address": ["東京都千代田区千代田1-1"], "phone": "03-0000-0000", "email": "billing@example.jp",
                                  "bank-accounts": ["サンプル銀行 本店 普通 1234567 シケン"]})
        text += table("[invoice]", {"currency": self.home, "language": pick.choice(("ja", "en")),
                                    "number": pick.choice(("INV-{month}-{customer}", "INV-{month}-{customer}", "{customer}-{month}",
                                                           "{month}-{customer}-{seq:05}")),
                                    **self.below_zero(), **{**self.dates(), **self.features.dates()}, "details": pick.choice(("rows", "daily", "resource", "none"))})
        pricing = self.pricing(complete=True)
        # A minimum would lift a negative subtotal.
        if pick.random() < 0.06 and self.fault != "negative-subtotal" and not self.owed and not self.slight:
            self.minimum(pricing, self.home)
        text += table("[pricing]", pricing)
        workspace_tables = self.features.workspace_tables()
        for rule in [*self.features.pricing_rules(), *self.pricing_rules()]:
            text += table("[[pricing.rule]]", rule)
        for name, values in workspace_tables:
            text += table(name, values)
        text += table("[tax]", {"rounding": pick.choice(ROUNDINGS)})
        for rule in self.tax_rules():
            text += table("[[tax.rule]]", rule)
        text += table("[allocation]", {"unassigned": "keep" if self.keep_unassigned else "error",
                                       **self.features.allocation()})
        for rule in self.rules_for_shares:
            text += table("[[allocation.share]]", rule)
        for rule in self.keep_rules():
            text += table("[[allocation.keep]]", rule)
        rates = {("USD", "JPY"): "138.70", ("EUR", "JPY"): "139.515", ("JPY", "USD"): "0.00721", ("EUR", "USD"): "1.005",
                 ("USD", "EUR"): "0.995", ("JPY", "EUR"): "0.00717"}
        for (given, wanted), rate in rates.items():
            if self.fault == "missing-fx" and given == "USD":
                # A rate of another month does not help.
                text += table("[[fx]]", {"month": "201001", "from": given, "to": wanted, "rate": rate})
            elif self.fault == "missing-price-fx" and given == "EUR":
                # Nor does the rate of the other direction.
                text += table("[[fx]]", {"month": month, "from": wanted, "to": "EUR", "rate": "0.00717"}) * (wanted == "USD")
            else:
                text += table("[[fx]]", {"month": month, "from": given, "to": wanted, "rate": rate})
        for source in self.sources:
            entry = {"name": source, "kind": "soracom-csv", "path": f"billing/{{month}}/{source}*.csv",
                     "currency": SOURCE_KINDS[source][0]}
            if self.group_columns[source] == "部署":
                entry["group-columns"] = ["部署"]
            if pick.random() < 0.2:
                entry.update(pick.choice(({"from": month}, {"until": month}, {"from": "201001", "until": month},
                                          {"from": month, "until": "203001"})))
            text += table("[[source]]", {**entry, **self.features.source_keys(source)})
        if pick.random() < 0.12:
            # A source of other months: with or without a file of this one, it is none of this month's.
            text += table("[[source]]", {"name": "another", "kind": "soracom-csv", "path": "billing/{month}/another*.csv",
                                         "currency": pick.choice(("JPY", "EUR")),
                                         **pick.choice(({"from": "203001"}, {"until": "201001"}))})
            if pick.random() < 0.5:
                self.files[f"billing/{month}/another.csv"] = f"date,billItemName,amount\n{month}01,nobody,12\n".encode()
        self.files["invoicer.toml"] = text.encode()
        for at, (one, own) in enumerate(self.customers.items()):
            self.files[f"customers/{one}.toml"] = self.customer_file(one, own, at, one in inactive).encode()
        self.files.update(self.features.assignment_files())
        for name, adjustments in self.features.adjustment_file().items():
            if not isinstance(adjustments, bytes):
                adjustments = "".join(table("[[adjustment]]", one) for one in adjustments).encode()
            self.files[name] = adjustments
        if free := self.features.free():
            customer, invoice, rule, rows = free
            self.files["invoicer.toml"] += table("[[source]]", {"name": "free", "kind": "soracom-csv", "path": "billing/{month}/free*.csv",
                                                                "currency": "JPY"}).encode()
            self.files[f"billing/{month}/free.csv"] = rows
            self.files["customers/free.toml"] = (table("", customer).lstrip() + table("[[match]]", {"source": "free"}) + table(
                "[invoice]", {**invoice, "currency": "JPY"}) + table("[[pricing.rule]]", {**rule, "currency": "JPY"})).encode()
        if newcomer := self.features.newcomer():
            self.files["customers/newcomer.toml"] = (table("", newcomer[0]).lstrip() + "".join(
                table("[[fee]]", fee) for fee in newcomer[1])).encode()
        self.files = self.features.taxed_otherwise(self.files)
        return self.files

    def customer_file(self, customer, own, at, inactive):
        pick, month = self.random, self.month
        values = {"name": f"顧客 {customer} 株式会社", "postal-code": "530-0001", "address": ["大阪府大阪市北区梅田1-1"]}
        if inactive:
            values["active"] = pick.choice(({"from": "203001"}, {"until": "201001"}))
        elif pick.random() < 0.2:
            values["active"] = pick.choice(({"from": month}, {"until": month}, {"from": month, "until": month}))
        text = table("", values).lstrip()
        rules = self.matches(customer) if customer != "twin" else []
        if at == 1 and customer != "slight" and not inactive and self.fault is None and pick.random() < 0.3:
            # Some rows of another customer, taken with a higher priority.
            rules.append({"tag": {"customer": next(iter(self.customers))}, "item": "basicCharge*", "priority": pick.choice((1, 2))})
        if pick.random() < 0.2:
            # Likewise: rows without a tag, a group or a name are not this customer's.
            rules.append({**pick.choice(({"tag": {"site": "*"}}, {"group": "*"}, {"resource-name": "*"})),
                          "item": pick.choice(("vpg*", "*Discount"))})
        for rule in rules + own["matches"] + self.features.matches(customer):
            text += table("[[match]]", rule)
        local = self.dates() if pick.random() < 0.3 else {}
        # In a `long` workspace a further conversion would need more than 36 digits.
        currency = self.home
        if pick.random() < 0.1 and self.fault not in ("missing-fx", "missing-price-fx") and not self.long:
            local["currency"] = currency = "USD" if self.home == "JPY" else "JPY"
        if pick.random() < 0.1:
            local.update(self.below_zero())
        owed = self.owed and at == 0
        if owed:
            local["below-zero"] = "carry"
        if local:
            text += table("[invoice]", local)
        pricing = self.pricing(complete=False)
        # A minimum would lift a negative subtotal.
        if pick.random() < 0.3 and self.fault != "negative-subtotal" and not owed and customer != "slight":
            self.minimum(pricing, currency)
        if customer == "slight":
            pricing["discounts"] = "marked-up"
        if self.fault == "negative-subtotal" or owed:
            # A negative cost must reach the invoice.
            pricing["discounts"] = "at-cost"
        if pricing:
            text += table("[pricing]", pricing)
        for rule in self.pricing_rules() if pick.random() < 0.4 and self.fault != "negative-subtotal" and not owed else ():
            text += table("[[pricing.rule]]", rule)
        categories = ["standard", "exempt", "non-taxable", "out-of-scope"] + (["reduced"] if month >= "201910" else [])
        tax = {key: pick.choice(values) for key, values in (("category", categories), ("rounding", ROUNDINGS)) if pick.random() < 0.2}
        if tax:
            text += table("[tax]", tax)
        fees = pick.choice((0, 0, 1, 1, 2))
        if self.empty and at == 0:
            fees = 1
        if self.fault == "missing-price-fx" and at == 0:
            text += table("[[fee]]", {"name": "Hosting", "amount": "12.50", "currency": "EUR"})
        for which in range(fees if self.fault != "negative-subtotal" and not owed and customer != "slight" else 0):
            # In the invoice's currency they are whole: whether such a fee is itself rounded is left open.
            fee = self.money({"name": f"運用保守料{which}", "amount": "",
                              "per": "month" if self.empty and at == 0 else pick.choice(("month", "resource"))}, "amount")
            fee["amount"] = self.amount_in(fee.get("currency", currency), ("5000", "100", 330, "1", "80"))
            if pick.random() < 0.4:
                fee["tax-category"] = pick.choice(categories)
            if pick.random() < 0.3:
                fee["from"] = month if self.empty and at == 0 else pick.choice((month, "201001", "203001"))
            text += table("[[fee]]", fee)
        if not inactive:
            for fee in self.features.fees():
                text += table("[[fee]]", fee)
        return text


def following(month):
    year, number = int(month[:4]), int(month[4:])
    return f"{year + number // 12}{number % 12 + 1:02}"


def with_following_month(seed):
    """The workspace of a seed that owes a customer money, with a next month that pays some of it off."""
    builder = Builder(seed)
    month, files = builder.month, builder.build()
    later, pick = following(month), builder.random
    paid = pick.choice(("-1", "30000000000", "50000000000"))
    settings = files["invoicer.toml"].decode()
    head, *rates = settings.split("[[fx]]")
    # The last of the rates is followed by the sources.
    rates = [f"[[fx]]{one}" for one in rates]
    rates[-1], *sources = rates[-1].split("[[source]]")
    # In a month in which no source exists there is nothing to build.
    sources = [one.replace(f'until = "{month}"', f'until = "{later}"') for one in sources]
    text = head + "".join(rates) + "".join(rates).replace(f'"{month}"', f'"{later}"') + "".join(f"[[source]]{one}" for one in sources)
    result = {**files, "invoicer.toml": text.encode()}
    for name, content in files.items():
        if name.startswith("billing/"):
            result[name.replace(month, later)] = content.replace(month.encode(), later.encode()).replace(OWED.encode(), paid.encode())
    return month, later, result


def build(seed, features=()):
    """The month and the files (path to bytes) of the workspace of this seed."""
    builder = Builder(seed, features)
    return builder.month, builder.build()


def write(files, folder):
    for name, content in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--out", required=True)
    parser.add_argument("--features", type=random_features.groups, default=(), metavar="GROUP,GROUP...")
    given = parser.parse_args()
    for seed in range(given.seed, given.seed + given.count):
        month, files = build(seed, given.features)
        folder = Path(given.out) / f"{seed}-{month}"
        write(files, folder)
        print(folder)


if __name__ == "__main__":
    main()
