#!/usr/bin/env python3
"""Compares the program's invoices with the oracle's, figure by figure, on random workspaces and on published examples.

usage: compare.py --binary PATH --seeds A..B [--features GROUP,GROUP...] [--reading NAME=VALUE]... [--holidays FILE] [--no-shuffle] [--jobs N] [--keep DIR]

The figures are those of the full records under internal/; a customer's own files must hold the same without what is the
issuer's. Every fourth workspace is built twice, the second time with the rows of each file shuffled: the order of a provider's
rows must not change an invoice. Every twentieth is issued too, and one of its invoices taken back in parts; where a customer
is owed money, a second month follows. `--features` adds groups of random_features.py to the workspaces. A difference prints the seed, the customer and both values, and whether another
reading of the rules (oracle.READINGS) would explain it. The closing line is `N passed, N failed`; exit 1 on a failure, 2 if
it could not run.
"""
import argparse
import collections
import concurrent.futures
import csv
import io
import itertools
import json
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import oracle
import random_features
import random_workspaces

TIMEOUT_SECONDS = 120
# A workspace full of differences is one mistake, not a hundred.
SHOWN_DIFFERENCES = 8
# Often enough for a thousand seeds: a build takes longer than the oracle.
SHUFFLED_EVERY = 4
CREDITED_EVERY = 20
CREDIT_NOTES = 5
# After the issue date of every random workspace.
CREDIT_DATE = "2024-06-28"
# contract.md, "invoice .json": the fields marked †, and what belongs to the review of the month; an adjustment's id is the
# issuer's own name for it.
ISSUERS_ONLY = {"cost", "origin", "share", "margin", "markup", "adjustment"}

# billing-rules.md §8; the figures are the specification's, not the oracle's.
WORKED_EXAMPLE = {
    "month": "202208",
    "files": {
        "invoicer.toml": """
[issuer]
name = "サンプル通信株式会社"
registration-number = "T7000012050002"
postal-code = "100-0001"
address = ["東京都千代田区千代田1-1"]
[invoice]
currency = "JPY"
[pricing]
markup = "15%"
rounding = "up"
round-at = "item"
discounts = "marked-up"
[tax]
rounding = "up"
[[source]]
name = "soracom"
kind = "soracom-csv"
path = "billing/{month}/soracom*.csv"
currency = "JPY"
""",
        "customers/acme.toml": 'name = "アクメ株式会社"\n[[match]]\ntag = { customer = "acme" }\n',
        "customers/bravo.toml": 'name = "ブラボー株式会社"\n[[match]]\ntag = { customer = "bravo" }\n',
        "billing/202208/soracom.csv": """\ufeffimsi,date,billItemName,unitPrice,quantity,amount,name,customer
440100000000001,20220801,basicCharge,310,1,310,a-1,acme
440100000000001,20220801,uploadDataCharge,,,0.2,a-1,acme
440100000000001,20220802,uploadDataCharge,,,12.35,a-1,acme
440100000000002,20220801,basicCharge,155,1,155,b-1,bravo
,202208,couponDiscount,,,-46.5,,
""",
    },
    "expected": {
        "customers": {
            "acme": {"items": {("usage", "basicCharge"): "357", ("usage", "uploadDataCharge"): "15",
                               ("discount", "couponDiscount"): "-37"},
                     "subtotal": "335", "tax": "34", "total": "369", "cost": "291.1427"},
            "bravo": {"items": {("usage", "basicCharge"): "179", ("discount", "couponDiscount"): "-18"},
                      "subtotal": "161", "tax": "17", "total": "178", "cost": "139.9073"},
        },
        "conservation": {"source_total": "431.05", "allocated": "431.05", "kept": "0", "unassigned": "0", "difference": "0"},
        "total_with_tax": "475",
    },
}

# The tax-exclusive vectors of nta-vectors.json: taxable per rate, and the tax that the National Tax Agency prints.
TAX_VECTORS = (
    ("NTA Q&A 57 ref1", {"10": 23894, "8": 22332}, {"10": 2389, "8": 1786}),
    ("NTA Q&A 57 ref2", {"10": 11345, "8": 9987}, {"10": 1134, "8": 798}),
    ("NTA Q&A 57 ref2, other issuer", {"10": 12549, "8": 12345}, {"10": 1254, "8": 987}),
    ("NTA pamphlet 2026-05 p.7", {"8": 27060, "10": 28158}, {"8": 2164, "10": 2815}),
    ("3 lines x 105", {"10": 315}, {"10": 31}),
)


def tax_vector_files(taxable):
    """A workspace whose one customer is billed exactly these amounts, rounding tax down."""
    files = {name: text for name, text in WORKED_EXAMPLE["files"].items() if "bravo" not in name}
    files["invoicer.toml"] = files["invoicer.toml"].replace('"15%"', '"0%"').replace(
        '[tax]\nrounding = "up"', '[tax]\nrounding = "down"\n[[tax.rule]]\nitem = "food*"\ncategory = "reduced"')
    rows = ["imsi,date,billItemName,unitPrice,quantity,amount,customer"]
    for rate, amount in taxable.items():
        # In three rows, so that rounding per row instead of once per rate is seen.
        for day, part in enumerate((amount // 3, amount // 3, amount - 2 * (amount // 3)), start=1):
            rows.append(f"440100000000001,2022080{day},{'food' if rate == '8' else 'service'},,1,{part},acme")
    files["billing/202208/soracom.csv"] = "\n".join(rows) + "\n"
    return files


# --- running the program and reading what it wrote -------------------------------------------------------------------

class Unreadable(Exception):
    """The output cannot be compared: the reason is for the person who reads the report."""


class Binary:
    def __init__(self, path):
        self.path = str(Path(path).resolve())

    def run(self, workspace, *arguments):
        """Whether the program did as it was asked (else it refused), what it wrote on stdout and what on stderr."""
        command = [self.path, "-C", str(workspace), *arguments, "--no-progress"]
        environment = {**os.environ, "NO_COLOR": "1"}
        try:
            ran = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, env=environment, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise Unreadable(f"ran longer than {TIMEOUT_SECONDS} s") from None
        said = ran.stderr.decode("utf-8", "replace").strip()
        if ran.returncode not in (0, 1):
            raise Unreadable(f"exit code {ran.returncode}: {said[-400:]}")
        return ran.returncode == 0, ran.stdout.decode("utf-8", "replace"), said

    def build(self, workspace, month):
        """What was said on stderr where the month was refused, else the JSON files of the month."""
        built, _, said = self.run(workspace, "build", month, "--format", "json")
        folder = Path(workspace) / "out" / month
        if not built:
            if folder.exists():
                raise Unreadable(f"refused, yet {folder.name} was written")
            return {"refused": said}
        summary = read_json(folder / "summary.json")
        return {"summary": summary, "invoices": read_invoices(folder / "internal"), "published": read_invoices(folder)}


def read_invoices(folder):
    """The JSON file in each of the folder's own folders, by the customer that these are named after."""
    invoices = {}
    for path in sorted(folder.glob("*/*.json")):
        if path.parent.name in invoices:
            raise Unreadable(f"two invoices in {path.parent.name}")
        invoices[path.parent.name] = read_json(path)
    return invoices


class FloatSeen(str):
    """A JSON number with a fraction: money must be written as a string."""


def read_json(path):
    try:
        return json.loads(path.read_text("utf-8"), parse_float=FloatSeen)
    except FileNotFoundError:
        raise Unreadable(f"{path.name} was not written") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path.name}: {error}") from None


def exact(value, what):
    """The exact value of a figure that must be a string; None stays None."""
    if value is None:
        return None
    if isinstance(value, FloatSeen) or not isinstance(value, str):
        raise Unreadable(f"{what} is the number {value}, not a string")
    try:
        return oracle.number(value)
    except oracle.Refused:
        raise Unreadable(f"{what} is no decimal: {value!r}") from None


def rate_of(value):
    """A tax rate however it is written: "10%", "10", "0.1"; nothing or zero for what carries no tax."""
    if value in (None, ""):
        return Fraction(0)
    text = str(value)
    rate = oracle.number(text.removesuffix("%"))
    return rate / 100 if text.endswith("%") or rate > 1 else rate


def shown(value):
    if isinstance(value, Fraction):
        return oracle.plain(value)
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(shown(one) for one in value) + ")"
    return "-" if value is None else str(value)


# --- comparing -------------------------------------------------------------------------------------------------------

class Differences(list):
    def add(self, customer, what, expected, found):
        if expected != found:
            self.append(f"{customer}: {what}: oracle {shown(expected)}, program {shown(found)}")

    def add_counts(self, customer, what, expected, found):
        """Compares two multisets; each side's surplus is shown."""
        expected, found = collections.Counter(expected), collections.Counter(found)
        missing, extra = list((expected - found).elements()), list((found - expected).elements())
        for pair in itertools.zip_longest(missing, extra):
            self.append(f"{customer}: {what}: oracle {shown(pair[0])}, program {shown(pair[1])}")


def item_key(item, names=()):
    """What identifies an item; the names of minimum and rounding are a matter of language.

    `names` are those of fees and adjustments: what an item adds to one of them, a rate or a period, is a matter of words.
    """
    kind, name = item["kind"], item.get("name") or ""
    named = kind in ("usage", "discount", "fee", "adjustment")
    sourced = kind in ("usage", "discount")
    name = next((one for one in names if name.startswith(one)), name) if named else None
    return (kind, (item.get("source") or None) if sourced else None, name, item["tax_category"])


def digits(date):
    return re.sub(r"\D", "", date or "")


def compare_invoice(customer, expected, found, pricing, differences):
    places = oracle.MINOR_DIGITS[expected["currency"]]
    for name in ("currency", "number", "issue_date", "due_date"):
        differences.add(customer, name, expected[name], found.get(name))
    for name in ("subtotal", "tax", "total"):
        differences.add(customer, name, expected[name], exact(found.get(name), name))
    names = sorted({one["name"] for one in expected["items"] if one["source"] is None and one["name"]}, key=lambda one: (-len(one), one))
    # A part of nothing may be printed or left out; a fee of several periods is one item, or one for each.
    parts = {item_key(one, names) for one in expected["items"] if one.get("percent")}
    periods = {item_key(one, names) for one in expected["items"] if one.get("fee")}

    # Quantities are compared where every detail has one. How many items tell of a category's rounding is left open.
    def joined(items):
        sums = {}
        for key, amount, quantity in items:
            if key[0] == "rounding" or key in periods:
                before = sums.get(key, (0, 0))
                sums[key] = (before[0] + amount, None if key[0] == "rounding" or None in (quantity, before[1]) else before[1] + quantity)
        return [one for one in items if one[0] not in sums and (one[1] or one[0] not in parts)] + [
            (key, *values) for key, values in sums.items()]
    items = [(item_key(item, names), exact(item["amount"], "amount"), exact(item.get("quantity"), "quantity"))
             for item in found["items"] if item["kind"] != "included-tax"]
    unmeasured = {item_key(item, names) for item in expected["items"] if item["quantity"] is None}
    differences.add_counts(
        customer, "item", joined([(key, one["amount"], None if key in unmeasured else one["quantity"])
                                  for one in expected["items"] for key in [item_key(one, names)]]),
        joined([(key, amount, None if key in unmeasured else quantity) for key, amount, quantity in items]))
    # Items whose price includes tax add up to what is paid: an item of the tax in them may bring that down to the subtotal.
    with_tax = expected["total"] - expected["subtotal"] - sum(one["tax"] for one in expected["tax_subtotals"] if not one["tax_included"])
    inside = [(one["tax_category"], exact(one["amount"], "amount")) for one in found["items"] if one["kind"] == "included-tax"]
    if inside:
        differences.add_counts(customer, "tax inside prices", [(one["category"], -one["tax"]) for one in expected["tax_subtotals"]
                                                               if one["tax_included"] and one["tax"]], inside)
    differences.add(customer, "sum of the items", exact(found["subtotal"], "subtotal") + with_tax, sum(amount for _, amount, _ in items))

    def subtotals(entries, read):
        return [(one["category"], rate_of(one["rate"]) if read else one["rate"] or Fraction(0),
                 exact(one["taxable"], "taxable") if read else one["taxable"], exact(one["tax"], "tax") if read else one["tax"])
                for one in entries]
    differences.add_counts(customer, "tax subtotal", subtotals(expected["tax_subtotals"], False),
                           subtotals(found["tax_subtotals"], True))

    # Details refer to the line of their item, which carries the kind and the tax category.
    lines = {item["line"]: item for item in found["items"]}
    details, sums = [], collections.defaultdict(lambda: [Fraction(0), Fraction(0)])
    for one in found["details"]:
        item = lines.get(one["item"])
        if item is None:
            raise Unreadable(f"{customer}: a detail refers to line {one['item']}, which no item has")
        amount, cost = exact(one["amount"], "amount"), exact(one["cost"], "cost")
        details.append((item_key(item, names), digits(one.get("date")), one.get("resource") or "", cost, amount,
                        exact(one.get("quantity"), "quantity")))
        sums[one["item"]][0] += amount
        sums[one["item"]][1] += cost
    differences.add(customer, "number of details", expected["details_count"], len(details))
    differences.add(customer, "sum of the details' cost", expected["details_cost"], sum(one[3] for one in details))
    differences.add_counts(customer, "detail", [
        ((one["kind"], one["source"], one["name"], one["tax_category"]), digits(one["date"]), one["resource"], one["cost"],
         one["amount"], one["quantity"]) for one in expected["details"]], details)
    for line, (amount, cost) in sums.items():
        item = lines[line]
        if pricing["round-at"] == "item":
            amount = oracle.rounded(amount, pricing["rounding"], places)
        differences.add(customer, f"details of line {line}", amount, exact(item["amount"], "amount"))
        if item.get("cost") is not None:
            differences.add(customer, f"cost of line {line}", cost, exact(item["cost"], "cost"))


def names_in(value):
    """Every key of the objects in a JSON value, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


def compare_published(customer, full, published, differences):
    """The customer's own file: the full record without what only the issuer may see, and nothing else is different."""
    for name in sorted(names_in(published) & ISSUERS_ONLY):
        differences.append(f"{customer}: the customer's own file has {name}")

    def visible(value):
        if isinstance(value, dict):
            return {name: visible(one) for name, one in value.items() if name not in ISSUERS_ONLY}
        return [visible(one) for one in value] if isinstance(value, list) else value
    for name in sorted(full.keys() | published.keys()):
        if visible(full).get(name) != published.get(name):
            differences.append(f"{customer}: {name} of the customer's own file is not that of the full record")


def compare_summary(expected, summary, differences):
    customers = {one["id"]: one for one in summary["customers"]}
    differences.add("summary", "customers", sorted(expected["customers"]), sorted(customers))
    for one, figures in expected["customers"].items():
        for name in ("cost", "subtotal", "tax", "total", "margin") if one in customers else ():
            differences.add(one, f"{name} in summary.json", figures[name], exact(customers[one].get(name), name))
    sources = {one["name"]: one for one in summary["sources"]}
    differences.add("summary", "sources", sorted(one["name"] for one in expected["sources"]), sorted(sources))
    for source in expected["sources"]:
        found = sources.get(source["name"], {})
        differences.add(source["name"], "currency", source["currency"], found.get("currency"))
        for name in ("charges", "discounts", "total", "total_with_tax"):
            differences.add(source["name"], name, source[name], exact(found.get(name), name))
    for name, value in expected["conservation"].items():
        differences.add("conservation", name, value, exact(summary["conservation"].get(name), name))
    # "adjustments {count, amount, cost}" of the month: of every customer, one without an invoice too, by currency.
    found = summary.get("adjustments")
    found = {one["currency"]: one for one in ([found, *found.get("other_currencies", ())] if found else ())}
    adjusted = {currency: one for currency, one in expected["adjustments"].items() if one["count"]}
    differences.add("adjustments", "currencies", sorted(adjusted), sorted(found))
    for currency, figures in adjusted.items():
        # A percentage that comes to nothing may be printed or left out, and counted or not.
        for name in ("amount", "cost") if figures["nothing"] else ("count", "amount", "cost"):
            value = found.get(currency, {}).get(name)
            differences.add("adjustments", f"{name} in {currency}", figures[name], Fraction(value) if value is not None else None)
    for name in ("kept", "allocated"):
        differences.add("summary", name, expected["conservation"][name], exact(summary.get(name), name))


def compare(expected, found, workspace):
    """All differences between the oracle's outcome and what the program wrote."""
    differences = Differences()
    if "refused" in expected or "refused" in found:
        if "refused" not in found:
            differences.append(f"-: oracle refuses: {expected['refused']} ({expected['detail']}), program builds")
        elif "refused" not in expected:
            differences.append(f"-: oracle builds, program refuses: {found['refused'][:600]}")
        elif not found["refused"]:
            differences.append("-: refused without a word on stderr")
        return differences
    settings, customers = oracle.load(workspace)
    try:
        compare_summary(expected, found["summary"], differences)
        for folder in ("invoices", "published"):
            differences.add("-", folder, sorted(expected["customers"]), sorted(found[folder]))
        for customer in customers:
            one = customer["id"]
            if one in expected["customers"] and one in found["invoices"]:
                compare_invoice(one, expected["customers"][one], found["invoices"][one],
                                oracle.merged_pricing(settings, customer), differences)
                compare_published(one, found["invoices"][one], found["published"].get(one, {}), differences)
    except Unreadable as error:
        differences.append(str(error))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        differences.append(f"the JSON has not the promised form: {type(error).__name__} {error}")
    return differences


def explain(workspace, month, found, holidays, readings):
    """The fewest other readings (one, or two) under which the oracle agrees with the program."""
    def equal(*changed):
        other = oracle.outcome(workspace, month, holidays, {**readings, **dict(changed)})
        if not compare(other, found, workspace):
            explanations.append(" ".join(f"--reading {name}={value}" for name, value in changed))
        return other
    explanations = []
    usual = equal()
    others = [(name, value) for name, values in oracle.READINGS.items() for value in values
              if value != readings.get(name, values[0])]
    # Two together only where each alone changes something: a hundred pairs that do not would cost a minute.
    effective = [one for one in others if equal(one) != usual]
    for pair in itertools.combinations(effective, 2) if not explanations else ():
        if pair[0][0] != pair[1][0] and not explanations:
            equal(*pair)
    return explanations[0] if explanations else None


def check_numbers(expected, documents, settings):
    """`{seq}` runs from `number-start` without gaps; everything else of a number is as it was when built."""
    differences, seen = Differences(), []
    for document in documents:
        draft = expected["customers"][document["customer"]]["number"]
        found = re.fullmatch(re.escape(draft).replace("draft", r"(\d+)"), document["number"])
        if not found:
            differences.append(f"{document['customer']}: number: oracle {draft}, issued {document['number']}")
        elif found.groups():
            seen.append(int(found[1]))
    first = settings.get("invoice", {}).get("number-start", 1)
    differences.add("-", "numbers given", tuple(range(first, first + len(seen))), tuple(sorted(seen)))
    return differences


# --- row order -------------------------------------------------------------------------------------------------------

def shuffle_rows(content, random_):
    header, *rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if row]
    random_.shuffle(rows)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return ("\ufeff" if content.startswith(b"\xef\xbb\xbf") else "").encode() + text.getvalue().encode()


def without_order(invoice):
    """The invoice without line numbers, origin rows and the order of its lists."""
    def key(value):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    lines = {item["line"]: {name: value for name, value in item.items() if name != "line"} for item in invoice["items"]}
    details = []
    for one in invoice["details"]:
        one = {**one, "item": lines[one["item"]]}
        one["origin"] = (one.get("origin") or {}).get("file")
        details.append(one)
    return {**invoice, "items": sorted(lines.values(), key=key), "details": sorted(details, key=key)}


def compare_shuffled(found, again):
    if "refused" in found or "refused" in again:
        if ("refused" in found) != ("refused" in again):
            return ["-: only one of two row orders is refused"]
        return []
    differences = []
    for customer in sorted(found["invoices"].keys() | again["invoices"].keys()):
        one, other = found["invoices"].get(customer), again["invoices"].get(customer)
        if one is None or other is None:
            differences.append(f"{customer}: invoice only for one of two row orders")
            continue
        one, other = without_order(one), without_order(other)
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) != other.get(name):
                differences.append(f"{customer}: {name} depends on the order of rows: {json.dumps(one.get(name), ensure_ascii=False)[:300]}"
                                   f" and {json.dumps(other.get(name), ensure_ascii=False)[:300]}")
    if found["summary"]["conservation"] != again["summary"]["conservation"]:
        differences.append("conservation: depends on the order of rows")
    return differences


# --- checks ----------------------------------------------------------------------------------------------------------

class Check:
    """One comparison: `title`, and the differences it found."""

    def __init__(self, given, holidays, readings):
        self.binary, self.given, self.holidays, self.readings = Binary(given.binary), given, holidays, readings
        self.features = given.features

    def in_folder(self, title, files, run):
        folder = Path(tempfile.mkdtemp(prefix="invoicer-oracle-"))
        try:
            random_workspaces.write({name: one if isinstance(one, bytes) else one.encode() for name, one in files.items()}, folder)
            try:
                differences, explanation = run(folder)
            except Unreadable as error:
                differences, explanation = [f"-: {error}"], None
            except OSError as error:
                differences, explanation = [f"-: cannot run: {error}"], None
            if differences and self.given.keep:
                kept = Path(self.given.keep) / re.sub(r"[^A-Za-z0-9]+", "-", title)
                shutil.copytree(folder, kept, dirs_exist_ok=True)
            return title, list(differences), explanation
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def seed(self, seed):
        builder = random_workspaces.Builder(seed, self.features)
        month, files = builder.month, builder.build()

        def run(folder):
            expected = oracle.outcome(folder, month, self.holidays, self.readings)
            found = self.binary.build(folder, month)
            differences = compare(expected, found, folder)
            explanation = explain(folder, month, found, self.holidays, self.readings) if differences else None
            if seed % SHUFFLED_EVERY == 0 and not self.given.no_shuffle and not builder.features.order_matters:
                shuffled = folder / "shuffled"
                random_ = random.Random(seed)
                random_workspaces.write({name: shuffle_rows(content, random_) if name.endswith(".csv") else content
                                         for name, content in files.items()}, shuffled)
                again = self.binary.build(shuffled, month)
                shutil.rmtree(shuffled)
                try:
                    differences = list(differences) + compare_shuffled(found, again)
                except (KeyError, TypeError, AttributeError) as error:
                    differences = list(differences) + [f"the JSON has not the promised form: {type(error).__name__} {error}"]
            return differences, explanation
        return self.in_folder(f"seed {seed} ({month})", files, run)

    def credits(self, seed):
        """One invoice of the workspace, issued and taken back in parts."""
        month, files = random_workspaces.build(seed, self.features)

        def run(folder):
            built, _, _ = self.binary.run(folder, "build", month, "-q")
            if not built:
                # Whether it should have been refused is for `seed` to say.
                return [], None
            issued, _, said = self.binary.run(folder, "issue", month, "-q")
            expected = oracle.outcome(folder, month, self.holidays, self.readings)
            if not issued or "refused" in expected:
                return [f"-: built, yet not issued: {said[:600]}"] if expected.get("customers") else [], None
            documents = read_json(folder / "issued" / f"{month}.json")["documents"]
            if not documents:
                # Every rest is carried forward: there is nothing to take back.
                return [], None
            random_ = random.Random(f"credits {seed}")
            document = random_.choice(documents)
            settings, customers = oracle.load(folder)
            differences = check_numbers(expected, documents, settings) + self.verify(folder, month)
            rows = expected["customers"][document["customer"]]["tax_subtotals"]
            if differences or len({one["category"] for one in rows}) < len(rows) or any(one["tax_included"] for one in rows):
                # Two rows of one category: which of them a line reduces, its category alone does not tell.
                return differences + self.take_all_back(folder, document, rows), None
            customer = next(one for one in customers if one["id"] == document["customer"])
            try:
                return self.take_back(folder, document, expected["customers"][customer["id"]],
                                      oracle.tax_rounding(settings, customer), random_), None
            except (KeyError, TypeError, AttributeError) as error:
                return [f"the record has not the promised form: {type(error).__name__} {error}"], None
        return self.in_folder(f"credits of seed {seed} ({month})", files, run)

    def carried(self, seed):
        """Two months of a workspace that owes a customer money: the second takes off what the first has carried."""
        month, later, files = random_workspaces.with_following_month(seed)

        def run(folder):
            first = oracle.outcome(folder, month, self.holidays, self.readings)
            done, _, said = self.binary.run(folder, "build", month, "-q")
            if "refused" in first or not done:
                # Whether it should have been refused is for `seed` to say.
                return [], None
            done, _, said = self.binary.run(folder, "issue", month, "-q")
            if not done:
                return ([f"-: built, yet not issued: {said[:600]}"] if first["customers"] else []), None
            expected = oracle.outcome(folder, later, self.holidays, self.readings, first["carried"], first["carried_costs"])
            return compare(expected, self.binary.build(folder, later), folder), None
        return self.in_folder(f"carried of seed {seed} ({month})", files, run)

    def verify(self, folder, month):
        """An issued month verifies, until one of the files that say what it alone has is changed."""
        done, _, said = self.binary.run(folder, "verify", month)
        if not done:
            return [f"-: issued, yet not verified: {said[:600]}"]
        for path in sorted((folder / "adjustments").glob(f"{month}*")):
            before = path.read_bytes()
            path.write_bytes(before + b"\n# changed\n" if path.suffix == ".toml" else before.replace(b"adjustment-", b"changed-"))
            done, written, said = self.binary.run(folder, "verify", month)
            path.write_bytes(before)
            if done or path.name not in written + said:
                return [f"-: {path.name} is changed after issue, and verify does not name it: {said[:600]}"]
        return []

    def take_all_back(self, folder, document, rows):
        """A note over the whole invoice is its exact negation, row by row."""
        done, written, said = self.binary.run(
            folder, "credit", document["number"], "--reason", "all", "--date", CREDIT_DATE, "--json")
        if not done:
            return [f"{document['number']}: not taken back: {said[:600]}"]
        differences = Differences()
        differences.add_counts(
            document["number"], "(category, rate, base, tax) of the note",
            [(one["category"], one["rate"] or Fraction(0), -one["taxable"], -one["tax"]) for one in rows],
            [(one["category"], rate_of(one["rate"]), exact(one["taxable"], "taxable"), exact(one["tax"], "tax"))
             for one in json.loads(written, parse_float=FloatSeen)["documents"][0]["tax_subtotals"]])
        return differences

    def take_back(self, folder, document, figures, mode, random_):
        differences = Differences()
        places = oracle.MINOR_DIGITS[document["currency"]]
        subtotals = {one["category"]: (one["rate"], one["taxable"]) for one in figures["tax_subtotals"]}
        # What a line has left, cut to what can be paid.
        left = {one["line"]: oracle.rounded(exact(one["amount"], "amount"), "down", places) for one in document["items"]}
        category = {one["line"]: one["tax_category"] for one in document["items"]}
        notes = []
        for which in range(CREDIT_NOTES):
            lines = [line for line, rest in left.items() if rest > 0 and subtotals[category[line]][1] > 0]
            parts = {line: random_.choice((left[line], Fraction(random_.randint(1, int(left[line] * 10 ** places)), 10 ** places)))
                     for line in random_.sample(lines, min(len(lines), random_.choice((1, 1, 2))))}
            if not parts:
                break
            note = {}
            for line, part in parts.items():
                note[category[line]] = note.get(category[line], Fraction(0)) + part
            arguments = [f"--line={line}={oracle.plain(part)}" for line, part in parts.items()]
            done, written, said = self.binary.run(
                folder, "credit", document["number"], "--reason", f"part {which}", "--date", CREDIT_DATE, "--json", *arguments)
            what = f"{document['number']} {' '.join(arguments)} after {len(notes)} notes"
            try:
                taxes = oracle.credit(subtotals, [*notes, note], mode, places)[-1]
            except oracle.Refused as refusal:
                if done:
                    differences.append(f"{what}: oracle refuses: {refusal}, program issues")
                continue
            if not done:
                differences.append(f"{what}: oracle issues, program refuses: {said[:600]}")
                continue
            notes.append(note)
            for line, part in parts.items():
                left[line] -= part
            found = {one["category"]: (exact(one["taxable"], "taxable"), exact(one["tax"], "tax"))
                     for one in json.loads(written, parse_float=FloatSeen)["documents"][0]["tax_subtotals"]}
            differences.add(what, "(category, base, tax)", sorted((one, -base, -taxes[one]) for one, base in note.items()),
                            sorted((one, *values) for one, values in found.items()))
        return differences

    def worked_example(self):
        def run(folder):
            expected = oracle.outcome(folder, WORKED_EXAMPLE["month"], self.holidays, self.readings)
            differences = [f"the oracle itself: {one}" for one in check_worked_example(expected)]
            found = self.binary.build(folder, WORKED_EXAMPLE["month"])
            differences += compare(expected, found, folder)
            return differences, None
        return self.in_folder("worked example", WORKED_EXAMPLE["files"], run)

    def tax_vector(self, name, taxable, tax):
        def run(folder):
            expected = oracle.outcome(folder, "202208", self.holidays, self.readings)
            differences = [f"the oracle itself: {one}" for one in check_tax_vector(expected, taxable, tax)]
            return differences + compare(expected, self.binary.build(folder, "202208"), folder), None
        return self.in_folder(f"tax vector {name}", tax_vector_files(taxable), run)


def check_worked_example(result):
    """Holds the oracle to the printed figures, so that agreeing with the oracle is agreeing with the specification."""
    differences = Differences()
    if "refused" in result:
        return [f"refused: {result['refused']}"]
    wanted = WORKED_EXAMPLE["expected"]
    differences.add("-", "customers", sorted(wanted["customers"]), sorted(result["customers"]))
    for one, figures in wanted["customers"].items():
        found = result["customers"].get(one)
        if not found:
            continue
        differences.add(one, "items", {key: Fraction(value) for key, value in figures["items"].items()},
                        {(item["kind"], item["name"]): item["amount"] for item in found["items"]})
        for name in ("subtotal", "tax", "total", "cost"):
            differences.add(one, name, Fraction(figures[name]), found[name])
    for name, value in wanted["conservation"].items():
        differences.add("conservation", name, Fraction(value), result["conservation"][name])
    differences.add("soracom", "total_with_tax", Fraction(wanted["total_with_tax"]), result["sources"][0]["total_with_tax"])
    return differences


def check_tax_vector(result, taxable, tax):
    if "refused" in result:
        return [f"refused: {result['refused']}"]
    differences = Differences()
    found = {str(int(one["rate"] * 100)): (one["taxable"], one["tax"]) for one in result["customers"]["acme"]["tax_subtotals"]}
    differences.add("acme", "tax", {rate: (Fraction(taxable[rate]), Fraction(tax[rate])) for rate in taxable}, found)
    return differences


def seed_range(text):
    """`A..B`, both included, or one seed."""
    first, _, last = text.partition("..")
    try:
        chosen = range(int(first), int(last or first) + 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected A..B, found {text}") from None
    if not chosen:
        raise argparse.ArgumentTypeError(f"no seed in {text}")
    return chosen


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seeds", type=seed_range, required=True, metavar="A..B")
    parser.add_argument("--features", type=random_features.groups, default=(), metavar="GROUP,GROUP...")
    parser.add_argument("--reading", action="append", metavar="NAME=VALUE")
    parser.add_argument("--holidays")
    parser.add_argument("--no-shuffle", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", metavar="DIR", help="keep the workspaces that differ, with their out/")
    given = parser.parse_args(arguments)
    if not os.access(given.binary, os.X_OK) or not Path(given.binary).is_file():
        print(f"compare: no program at {given.binary}", file=sys.stderr)
        return 2
    check = Check(given, oracle.read_holidays(given.holidays), oracle.parse_readings(given.reading))
    passed = failed = 0
    explanations = collections.Counter()
    # Half of the time is the oracle's own: threads would share one core for it.
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(max(1, given.jobs), mp_context=context) as pool:
        waiting = [pool.submit(check.worked_example)]
        waiting += [pool.submit(check.tax_vector, *one) for one in TAX_VECTORS]
        waiting += [pool.submit(check.seed, seed) for seed in given.seeds]
        waiting += [pool.submit(check.credits, seed) for seed in given.seeds if seed % CREDITED_EVERY == 0]
        waiting += [pool.submit(check.carried, seed) for seed in given.seeds if random_workspaces.Builder(seed).owed]
        # In the order of submission, so that two runs print the same.
        for one in waiting:
            title, differences, explanation = one.result()
            if not differences:
                passed += 1
                continue
            failed += 1
            for line in differences[:SHOWN_DIFFERENCES]:
                print(f"{title}: {line}")
            if len(differences) > SHOWN_DIFFERENCES:
                print(f"{title}: and {len(differences) - SHOWN_DIFFERENCES} more")
            if explanation:
                print(f"{title}: equal with {explanation}")
                explanations[explanation] += 1
    for explanation, count in explanations.most_common():
        print(f"{count} of the failures are equal with {explanation}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
