#!/usr/bin/env python3
"""Reads what `invoicer export` writes, by readers of its own, and compares it with what was issued.

usage: check.py BINARY [--seeds A..B]

The shop of tests/data/export is issued, parts of it are taken back, and the month is exported to every format under several
`[accounting]` settings; so are random months of tests/oracle. For every document, the postings are worked
out again from its lines in issued/*.json with exact fractions: account, category, rate, taxable, tax. Each file is then read
with `csv`, `json` and the codec cp932 and must have, per document, account and tax label, these amounts; every entry must
balance, no amount may have a minus sign, and the columns must be as wide as the program takes. The closing line is
`N documents in M files, N failed`; exit 1 on a failure.
"""
import argparse
import calendar
import csv
import fnmatch
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SHOP = ROOT / "tests/data/export/shop"
MONTH = "202208"
DECIMALS = {"JPY": 0, "USD": 2, "EUR": 2}

FREEE = ("収支区分,管理番号,発生日,決済期日,取引先コード,取引先,勘定科目,税区分,金額,税計算区分,税額,備考,品目,部門,"
         "メモタグ（複数指定可、カンマ区切り）,セグメント1,セグメント2,セグメント3,決済日,決済口座,決済金額")
MONEY_FORWARD = ("取引No,取引日,借方勘定科目,借方補助科目,借方部門,借方取引先,借方税区分,借方インボイス,借方金額(円),借方税額,"
                 "貸方勘定科目,貸方補助科目,貸方部門,貸方取引先,貸方税区分,貸方インボイス,貸方金額(円),貸方税額,摘要,仕訳メモ,タグ,"
                 "MF仕訳タイプ,決算整理仕訳,作成日時,作成者,最終更新日時,最終更新者")
CSV = ("number,kind,version,month,issue_date,due_date,customer,customer_name,code,currency,category,rate,account,taxable,tax,total,"
       "original,memo")
LABELS = {
    "freee": {("standard", 10): "課税売上10%", ("standard", 8): "課税売上8%", ("reduced", 8): "課税売上8%（軽）",
              ("exempt", 0): "輸出売上", ("non-taxable", 0): "非課売上", ("out-of-scope", 0): "対象外"},
    "moneyforward": {("standard", 10): "課税売上 10%", ("standard", 8): "課税売上 8%", ("reduced", 8): "課税売上 (軽)8%",
                     ("exempt", 0): "輸出売上 0%", ("non-taxable", 0): "非課税売上", ("out-of-scope", 0): "対象外"},
    "yayoi": {("standard", 10): "課税売上込10%", ("standard", 8): "課税売上込8%", ("reduced", 8): "課税売上込軽減8%",
              ("exempt", 0): "輸出売上", ("non-taxable", 0): "非課売上", ("out-of-scope", 0): "対象外"},
}
RETURNS = {
    "freee": LABELS["freee"],
    "moneyforward": {("standard", 10): "課税売上-返還等 10%", ("standard", 8): "課税売上-返還等 8%",
                     ("reduced", 8): "課税売上-返還等 (軽)8%", ("exempt", 0): "輸出売上-返還等 0%",
                     ("non-taxable", 0): "非課税売上-返還等", ("out-of-scope", 0): "対象外"},
    "yayoi": {("standard", 10): "課税売返込10%", ("reduced", 8): "課税売返込軽減8%", ("exempt", 0): "輸出売返",
              ("non-taxable", 0): "非課売返", ("out-of-scope", 0): "対象外"},
}


class Failure(Exception):
    """What is wrong with a file."""


def need(condition, what):
    if not condition:
        raise Failure(what)


def equal(what, found, expected):
    need(found == expected, f"{what}: found {found!r}, expected {expected!r}")


# ---- what is expected


def share(whole, weights, unit):
    """`whole` in the ratio of weights: floors of the absolute values, then a unit each to the largest remainders."""
    total = sum(weights)
    if total == 0:
        return [whole if index == 0 else Fraction(0) for index in range(len(weights))]
    return settled([whole * weight / total for weight in weights], unit)


def settled(exact, unit):
    """Parts that add up to whole units, in whole units."""
    exact = [part / unit for part in exact]
    parts = [int(part) for part in exact]  # toward zero
    missing = sum(exact) - sum(parts)
    need(missing.denominator == 1, "the whole is no multiple of the unit")
    step = 1 if missing > 0 else -1
    order = sorted(range(len(parts)), key=lambda index: (-step * (exact[index] - parts[index]), index))
    for index in order[:abs(int(missing))]:
        parts[index] += step
    return [part * unit for part in parts]


def glob(pattern, text):
    # Brackets are letters in the program's patterns.
    pattern = pattern.replace("[", "[[]")
    return fnmatch.fnmatchcase(unicodedata.normalize("NFC", text), unicodedata.normalize("NFC", pattern))


class Settings:
    """invoicer.toml and the customers' files, as far as the books need them."""

    def __init__(self, folder):
        self.file = tomllib.loads((folder / "invoicer.toml").read_text())
        self.accounting = self.file.get("accounting", {})
        self.customers = {path.stem: tomllib.loads(path.read_text()) for path in (folder / "customers").rglob("*.toml")}
        self.language = self.file.get("invoice", {}).get("language", "ja")

    def account(self, document, line):
        for rule in self.accounting.get("rule", []):
            keys = [("customer", document["customer"]), ("item", line["name"]), ("source", line["source"])]
            if all(glob(rule[key], text) for key, text in keys if key in rule):
                if rule.get("kind", line["kind"]) == line["kind"]:
                    return rule["sales"]
        return self.accounting.get("sales", "売上高")

    def own(self, document):
        return self.customers.get(document["customer"], {}).get("accounting", {})

    def code(self, document):
        file = self.customers.get(document["customer"], {})
        return self.own(document).get("code", file.get("code", ""))

    def fill(self, key, usual, document, month):
        pattern = self.accounting.get(key, usual)
        english = "January February March April May June July August September October November December".split()
        number = int(month[4:])
        name = f"{month[:4]}年{number}月" if self.language == "ja" else f"{english[number - 1]} {month[:4]}"
        values = {"customer": document["customer"], "customer-name": document["customer_name"], "code": self.code(document),
                  "number": document["number"], "month": month, "month-name": name}
        return re.sub(r"\{([a-z-]+)\}", lambda found: values[found[1]], pattern)

    def partner(self, document, month):
        return self.own(document).get("partner", self.fill("partner", "{customer-name}", document, month))

    def sub_account(self, document, month):
        return self.own(document).get("sub-account", self.fill("sub-account", "{customer-name}", document, month))

    def memo(self, document, month, fits=lambda text: True):
        memo = self.fill("memo", "{month-name} {customer-name} {number}", document, month)
        original = (document.get("original") or {}).get("number", "")
        # A number in another (1 in CN-1) does not name the invoice, but is better than nothing where there is no room.
        if not original or original in re.split(r"[\s()\[\]{}（）「」、。,;:]", memo):
            return memo
        long = f"{memo} ({original})".lstrip()
        return memo if original in document["number"] in memo and not fits(long) else long

    def date(self, document, month):
        if self.accounting.get("date") == "month-end" and not document.get("original"):
            year, number = int(month[:4]), int(month[4:])
            return f"{year}-{number:02}-{calendar.monthrange(year, number)[1]:02}"
        return document["issue_date"]

    def rate(self, currency, month):
        return next(Fraction(str(fx["rate"])) for fx in self.file["fx"]
                    if (str(fx["month"]).replace("-", ""), fx["from"], fx["to"]) == (month, currency, "JPY"))


class Expected:
    """A document's postings: {(account, category, rate): [taxable, tax, tax in yen]}, and the same in yen with tax."""

    def __init__(self, document, month, settings):
        self.document, self.month, self.settings = document, month, settings
        self.unit = Fraction(1, 10 ** DECIMALS[document["currency"]])
        accounts = []
        lines = [(line, settings.account(document, line)) for line in document["items"] if line["kind"] != "included-tax"]
        for _, account in lines:
            if account not in accounts:
                accounts.append(account)
        self.postings = {}
        for tax in document["tax_subtotals"]:
            included = tax.get("tax_included", False)
            of_rate = [(line, account) for line, account in lines
                       if (line["tax_category"], line["tax_rate"], line.get("tax_included", False))
                       == (tax["category"], tax["rate"], included)]
            known = [account for account in accounts if any(of == account for _, of in of_rate)]
            prices = [sum(Fraction(line["amount"]) for line, of in of_rate if of == account) for account in known]
            prices = settled(prices, self.unit)
            taxes = share(Fraction(tax["tax"]), prices, self.unit)
            yen = share(Fraction(tax["tax_jpy"]), prices, Fraction(1)) if "tax_jpy" in tax else [Fraction(0)] * len(prices)
            for account, price, own, in_yen in zip(known, prices, taxes, yen):
                taxable = price - own if included else price
                key = (account, tax["category"], int(tax["rate"].rstrip("%")))
                posting = self.postings.setdefault(key, [Fraction(0)] * 3)
                self.postings[key] = [one + other for one, other in zip(posting, [taxable, own, in_yen])]
        self.postings = {key: amounts for key, amounts in self.postings.items() if any(amounts)}
        total = sum(amounts[0] + amounts[1] for amounts in self.postings.values())
        equal(f"{document['number']}: the postings", total, Fraction(document["total"]))

    def yen(self):
        """{(account, category, rate): (with tax, tax)}"""
        if self.document["currency"] == "JPY":
            return {key: (taxable + tax, tax) for key, (taxable, tax, _) in self.postings.items()}
        rate = self.settings.rate(self.document["currency"], self.month)
        exact = Fraction(self.document["total"]) * rate
        total = Fraction((Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        keys = list(self.postings)
        taxes = [self.postings[key][2] for key in keys]
        sales = share(total - sum(taxes), [self.postings[key][0] for key in keys], Fraction(1))
        return {key: (part + tax, tax) for key, part, tax in zip(keys, sales, taxes)}

    def labelled(self, program):
        """{(account, label): (with tax, tax)}"""
        returned = self.document["kind"] == "credit-note"
        labels = (RETURNS if returned else LABELS)[program]
        own = self.settings.accounting.get("tax-label", {}).get(program, {})
        named = {}
        for (account, category, rate), amounts in self.yen().items():
            key = ("return-" if returned else "") + (f"{category}-{rate}" if rate else category)
            label = own[key] if key in own else labels[category, rate]
            need((account, label) not in named, f"{program}: two rates have the label {label}")
            named[account, label] = amounts
        return named


# ---- the readers


def rows_of(text, what):
    need("\r\n" in text and "\n" not in text.replace("\r\n", ""), f"{what}: lines do not end in CR LF")
    return list(csv.reader(io.StringIO(text, newline="")))


def with_mark(data, what):
    need(data.startswith(b"\xef\xbb\xbf"), f"{what}: no byte order mark")
    return data.decode("utf-8-sig")


def amount(text, what):
    need(re.fullmatch(r"[0-9]+", text), f"{what}: {text!r} is no amount without a sign")
    return int(text)


def slashed(date):
    return date.replace("-", "/")


def cells_of_windows(text):
    """What a text becomes in code page 932."""
    return unicodedata.normalize("NFC", text).translate(str.maketrans("〜—‖−", "～―∥-"))


def same_postings(expected, program, found):
    number = expected.document["number"]
    want = {key: amounts for key, amounts in expected.labelled(program).items() if any(amounts)}
    need(found == want, f"{program} {number}: found {shown(found)}, expected {shown(want)}")


def shown(postings):
    return {key: tuple(map(str, amounts)) for key, amounts in postings.items()}


def check_freee(data, expected):
    rows = rows_of(with_mark(data, "freee"), "freee")
    equal("freee: header", rows[0], FREEE.split(","))
    deals = {}
    current = None
    for row in rows[1:]:
        equal("freee: columns", len(row), 21)
        if row[0]:
            need(row[0] in ("収入", "支出"), f"freee: {row[0]!r}")
            current = (row[1], row[0])
            need(current not in deals, f"freee: the deal {current} stands twice")
            deals[current] = []
        else:
            equal("freee: a further row", row[:6], [""] * 6)
        deals[current].append(row)
    equal("freee: documents", {number for number, _ in deals}, {it.document["number"] for it in expected if it.postings})
    for it in expected:
        document, number, found = it.document, it.document["number"], {}
        for kind, sign in (("収入", 1), ("支出", -1)):
            for index, row in enumerate(deals.get((number, kind), [])):
                if index == 0:
                    equal(f"freee {number}", row[2:6],
                          [slashed(it.settings.date(document, it.month)), slashed(document["due_date"]),
                           it.settings.code(document), it.settings.partner(document, it.month)])
                key = (row[6], row[7])
                need((key, sign) not in found, f"freee {number}: {key} stands twice")
                equal(f"freee {number}", (row[9], row[11].lstrip("'"), row[12], row[13]),
                      ("内税", it.settings.memo(document, it.month).lstrip("'"), "", it.settings.accounting.get("department", "")))
                equal(f"freee {number}", row[14:], [""] * 7)
                before = found.get(key, (0, 0))
                found[key] = (before[0] + sign * amount(row[8], number), before[1] + sign * amount(row[10], number))
        same_postings(it, "freee", found)


def check_entries(program, it, rows):
    """Rows as (debit, credit) of (account, sub-account, department, label, amount, tax), or None for an empty side."""
    document, number = it.document, it.document["number"]
    receivable = it.settings.accounting.get("receivable", "売掛金")
    sums, found, owed = {"debit": 0, "credit": 0}, {}, 0
    for index, sides in enumerate(rows):
        need(any(sides), f"{program} {number}: an empty row")
        for side, sign, cells in (("debit", -1, sides[0]), ("credit", 1, sides[1])):
            if cells is None:
                continue
            account, sub, department, label, total, tax = cells
            sums[side] += total
            if label == "対象外" and account == receivable:
                need(index == 0 and tax == 0 and department == "", f"{program} {number}: the receivable {cells}")
                wanted = it.settings.sub_account(document, it.month)
                equal(f"{program} {number}: sub-account", sub, cells_of_windows(wanted) if program == "yayoi" else wanted)
                owed -= sign * total
            else:
                equal(f"{program} {number}: department", (sub, department), ("", it.settings.accounting.get("department", "")))
                before = found.get((account, label), (0, 0))
                found[account, label] = (before[0] + sign * total, before[1] + sign * tax)
    equal(f"{program} {number}: debit and credit", sums["debit"], sums["credit"])
    same_postings(it, program, found)
    equal(f"{program} {number}: the receivable", owed, sum(total for total, _ in it.yen().values()))


def check_money_forward(data, expected, encoding):
    text = with_mark(data, "moneyforward") if encoding == "utf-8" else data.decode("cp932")
    rows = rows_of(text, "moneyforward")
    equal("moneyforward: header", rows[0], MONEY_FORWARD.split(","))
    entries = {}
    for row in rows[1:]:
        equal("moneyforward: columns", len(row), 27)
        need(not entries or int(row[0]) in (max(entries), max(entries) + 1), f"moneyforward: 取引No {row[0]}")
        entries.setdefault(int(row[0]), []).append(row)
    booked = [it for it in expected if it.postings]
    equal("moneyforward: 取引No", list(entries), list(range(1, len(booked) + 1)))
    for it, of_document in zip(booked, entries.values()):
        document, number, sides = it.document, it.document["number"], []
        clean = cells_of_windows if encoding == "cp932" else str
        for row in of_document:
            equal(f"moneyforward {number}", (row[1], row[18].lstrip("'")),
                  (slashed(it.settings.date(document, it.month)), clean(it.settings.memo(document, it.month)).lstrip("'")))
            equal(f"moneyforward {number}", row[19:], [""] * 8)
            both = []
            for cells in (row[2:10], row[10:18]):
                if not cells[0]:
                    equal(f"moneyforward {number}: an empty side", cells, [""] * 8)
                    both.append(None)
                    continue
                equal(f"moneyforward {number}: partner", (cells[3], cells[5]),
                      (clean(it.settings.partner(document, it.month)), ""))
                sub = cells[1] if encoding == "utf-8" else it.settings.sub_account(document, it.month) if cells[1] else ""
                both.append((cells[0], sub, cells[2], cells[4], amount(cells[6], number), amount(cells[7], number)))
            sides.append(both)
        check_entries("moneyforward", it, sides)


def columns(text):
    """Half-width columns by East Asian width."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def check_yayoi(data, expected, first_slip, online=False):
    text = data.decode("cp932")
    rows = rows_of(text, "yayoi")
    numeric = {0, 1, 8, 9, 14, 15, 19}
    for line, row in zip(text.split("\r\n"), rows):
        bare = re.sub(r'"(?:[^"]|"")*"', "Q", line).split(",")
        equal("yayoi: columns", len(bare), 25)
        equal("yayoi: quotes", [index for index, cell in enumerate(bare) if cell != "Q"], sorted(numeric))
        for index, most in ((4, 24), (5, 24), (10, 24), (11, 24), (16, 64)):
            need(columns(row[index]) <= most, f"yayoi: {row[index]!r} is too wide")
        if online:
            for index, most in ((4, 12), (5, 15), (10, 12), (11, 15), (16, 30), (8, 9), (9, 9), (14, 9), (15, 9)):
                need(len(row[index]) <= most, f"yayoi online: {row[index]!r} is too long")
    documents, slip, last = [], first_slip, "2101"
    for row in rows:
        flag = row[0]
        need(flag in {"2000": ("2000", "2101"), "2110": ("2000", "2101"), "2100": ("2110", "2100"),
                      "2101": ("2110", "2100")} and last in {"2000": ("2000", "2101"), "2110": ("2000", "2101"),
                                                            "2100": ("2110", "2100"), "2101": ("2110", "2100")}[flag],
             f"yayoi: {flag} after {last}")
        last = flag
        if flag in ("2000", "2110"):
            documents.append([])
        documents[-1].append(row)
        equal("yayoi: slip", (row[1], row[19]), ("", "0") if flag == "2000" else (str(slip), "3"))
        slip += flag == "2101"
        equal("yayoi", (row[2], row[17], row[18], row[20:]), ("", "", "", ["", "", "", "", "no"]))
    need(last in ("2000", "2101"), "yayoi: the last slip has no end")
    fits = lambda text: len(cells_of_windows(text)) <= 30 if online else columns(cells_of_windows(text)) <= 64
    booked = [it for it in expected if it.postings]
    equal("yayoi: documents", len(documents), len(booked))
    for it, of_document in zip(booked, documents):
        document, number, sides = it.document, it.document["number"], []
        for row in of_document:
            equal(f"yayoi {number}", (row[3], row[16].lstrip("'")),
                  (slashed(it.settings.date(document, it.month)),
                   cells_of_windows(it.settings.memo(document, it.month, fits)).lstrip("'")))
            both = []
            for cells in (row[4:10], row[10:16]):
                if not cells[0]:
                    equal(f"yayoi {number}: an empty side", cells, ["", "", "", "", "0", "0"])
                    both.append(None)
                    continue
                both.append((*cells[:4], amount(cells[4], number), amount(cells[5], number)))
            sides.append(both)
        check_entries("yayoi", it, sides)


def money(value, document):
    return f"{Decimal(value.numerator) / Decimal(value.denominator):.{DECIMALS[document['currency']]}f}"


def expected_rows(it):
    """The columns category to total of a document's rows, in any order."""
    rows = []
    for (account, category, rate), (taxable, tax, _) in it.postings.items():
        rows.append((category, f"{rate}%", account, money(taxable, it.document), money(tax, it.document),
                     money(taxable + tax, it.document)))
    return sorted(rows)


def check_csv(data, expected):
    rows = rows_of(with_mark(data, "csv"), "csv")
    equal("csv: header", rows[0], CSV.split(","))
    by_number = {}
    for row in rows[1:]:
        by_number.setdefault(row[0], []).append(row)
    equal("csv: documents", list(by_number), [it.document["number"] for it in expected if it.postings])
    for it in expected:
        document, number = it.document, it.document["number"]
        for row in by_number.get(number, []):
            original = (document.get("original") or {}).get("number", "")
            equal(f"csv {number}", row[1:10],
                  [document["kind"], str(document["version"]), it.month, document["issue_date"], document["due_date"],
                   document["customer"], guarded(document["customer_name"]), it.settings.code(document), document["currency"]])
            equal(f"csv {number}", row[16:], [original, guarded(it.settings.memo(document, it.month))])
        found = sorted(tuple(row[10:16]) for row in by_number.get(number, []))
        equal(f"csv {number}", found, expected_rows(it))


def guarded(text):
    return f"'{text}" if text.lstrip("\u3000 ")[:1] in tuple("=+-@＝＋－＠") else text


def check_json(data, expected):
    exported = json.loads(data)
    equal("json: documents", [it["number"] for it in exported["documents"]], [it.document["number"] for it in expected])
    for found, it in zip(exported["documents"], expected):
        document, number = it.document, it.document["number"]
        for key in ("kind", "version", "issue_date", "due_date", "customer", "customer_name", "currency", "subtotal", "tax", "total"):
            equal(f"json {number} {key}", found[key], document[key])
        equal(f"json {number}", (found["partner"], found["sub_account"], found["memo"], found["date"]),
              (it.settings.partner(document, it.month), it.settings.sub_account(document, it.month),
               it.settings.memo(document, it.month), it.settings.date(document, it.month)))
        rows = sorted((row["category"], row["rate"], row["account"], money(Fraction(row["taxable"]), document),
                       money(Fraction(row["tax"]), document), money(Fraction(row["total"]), document))
                      for row in found["postings"])
        equal(f"json {number}", rows, expected_rows(it))


# ---- the runs


class Checker:
    def __init__(self, binary):
        self.binary = Path(binary).resolve()
        self.documents = self.files = 0
        self.failures = []

    def run(self, folder, *arguments, codes=(0,)):
        found = subprocess.run([self.binary, *arguments], cwd=folder, capture_output=True, check=False)
        need(found.returncode in codes, f"{' '.join(arguments)}: exit code {found.returncode}\n{found.stderr.decode()}")
        return found

    def check(self, title, folder, months):
        try:
            settings = Settings(folder)
            for month in months:
                self.month(folder, month, settings)
        except (Failure, KeyError, StopIteration, UnicodeDecodeError) as failure:
            self.failures.append(f"{title}: {failure!r}")
            print(f"{title}: {failure!r}", file=sys.stderr)

    def month(self, folder, month, settings):
        records = sorted(folder.glob(f"issued/{month}*.json"), key=lambda path: [int(it) for it in path.stem.split("-")])
        documents = [document for path in records for document in json.loads(path.read_text())["documents"]]
        expected = [Expected(document, month, settings) for document in documents]
        self.documents += len(expected)

        def export(target, *more):
            self.files += 1
            self.run(folder, "export", month, "--to", target, "--out", "exported", *more)
            return (folder / "exported").read_bytes()

        check_csv(export("csv"), expected)
        check_json(export("json"), expected)
        in_yen = settings.accounting.get("foreign") == "convert" or all(it.document["currency"] == "JPY" for it in expected)
        if not in_yen:
            self.run(folder, "export", month, "--to", "freee", codes=(1,))
            return
        check_freee(export("freee"), expected)
        check_money_forward(export("moneyforward"), expected, "utf-8")
        check_money_forward(export("moneyforward", "--encoding", "cp932"), expected, "cp932")
        check_yayoi(export("yayoi", "--first-slip", "17"), expected, 17)
        amounts = [total for it in expected for total, _ in it.yen().values()]
        totals = [sum(total for total, _ in it.yen().values()) for it in expected]
        if any(abs(total) >= 10 ** 9 for total in amounts + totals):
            self.run(folder, "export", month, "--to", "yayoi", "--online", codes=(1,))
        elif settings.accounting.get("memo") == "{number}":
            check_yayoi(export("yayoi", "--online"), expected, 1, online=True)


def shop(checker, title, changes):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "shop"
        shutil.copytree(SHOP, folder)
        path = folder / "invoicer.toml"
        text = path.read_text()
        for before, after in changes:
            need(before in text, f"invoicer.toml has no {before!r}")
            text = text.replace(before, after)
        path.write_text(text)
        checker.run(folder, "build", MONTH)
        checker.run(folder, "issue", MONTH)
        checker.run(folder, "credit", "INV-202208-bravo", "--reason", "障害", "--line", "2=500", "--date", "2022-09-20")
        checker.run(folder, "credit", "INV-202208-acme", "--reason", "宛名の誤り", "--reissue", "--date", "2022-09-21")
        checker.run(folder, "credit", "INV-202208-charlie", "--reason", "解約", "--date", "2022-09-22")
        checker.check(title, folder, [MONTH])


VARIANTS = {
    "as it is": [],
    "other words": [("[accounting]\n", '[accounting]\ndate = "month-end"\nmemo = "{number}"\npartner = "{code}{customer}"\n'
                                       'sub-account = ""\nreceivable = "未収入金"\n')],
    "rounded down": [('rounding = "up"', 'rounding = "down"')],
    "dollars refused": [('foreign = "convert"\n', "")],
}


# Names are left to the customers' ids and the documents' numbers, which every program takes.
OF_RANDOM_MONTHS = """
[accounting]
partner = "{customer}"
sub-account = ""
memo = "{number}"
foreign = "convert"
[accounting.tax-label]
freee = { standard-5 = "5%", return-standard-5 = "5% back" }
moneyforward = { standard-5 = "5%", return-standard-5 = "5% back" }
yayoi = { standard-5 = "5%", return-standard-5 = "5% back", return-standard-8 = "8% back" }
[[accounting.rule]]
kind = "discount"
sales = "値引"
[[accounting.rule]]
item = "*a*"
sales = "通信"
[[accounting.rule]]
source = "*a*"
sales = "雑収入"
"""


def random_months(checker, seeds):
    sys.path.insert(0, str(ROOT / "tests/oracle"))
    import random_workspaces
    for seed in seeds:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            month, files = random_workspaces.build(seed)
            random_workspaces.write(files, folder)
            with (folder / "invoicer.toml").open("a") as file:
                file.write(OF_RANDOM_MONTHS)
            built = checker.run(folder, "build", month, codes=(0, 1)).returncode == 0
            if built and checker.run(folder, "issue", month, codes=(0, 1)).returncode == 0:
                take_back(checker, folder, month)
                checker.check(f"seed {seed}", folder, [month])


def take_back(checker, folder, month):
    """Takes back a part of the first invoice, then the rest of it, and the second as a whole, as far as that is allowed."""
    documents = json.loads((folder / f"issued/{month}.json").read_text())["documents"]
    for number, *lines in ([it["number"], *lines] for it, lines in zip(documents, (["--line", "1"], []))):
        for part in ([lines, []] if lines else [[]]):
            date = max(it["issue_date"] for it in documents)
            checker.run(folder, "credit", number, "--reason", "x", "--date", date, *part, codes=(0, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--seeds", metavar="A..B", default="0..9")
    arguments = parser.parse_args()
    checker = Checker(arguments.binary)
    for title, changes in VARIANTS.items():
        shop(checker, title, changes)
    first, last = map(int, arguments.seeds.split(".."))
    random_months(checker, range(first, last + 1))
    print(f"{checker.documents} documents in {checker.files} files, {len(checker.failures)} failed")
    sys.exit(1 if checker.failures else 0)


if __name__ == "__main__":
    main()
