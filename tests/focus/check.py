#!/usr/bin/env python3
"""Bills in FOCUS, read a second time: `check.py INVOICER [SAMPLE.csv …]`.

Generated bills of every version, and samples that are at hand, are added up by account with csv and Decimal and compared
with what invoicer bills: cost of each customer, every row once, for each kind of cost. What customers get in FOCUS is added
up again, and searched for costs. Then bills are changed in ways that must not matter, and in ways that must be refused.
"""

import csv
import gzip
import io
import json
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

MONTH = "202408"
START, END = "2024-08-01T00:00:00Z", "2024-09-01T00:00:00Z"
COSTS = {"billed": "BilledCost", "effective": "EffectiveCost", "contracted": "ContractedCost", "list": "ListCost"}
BASE = (
    "BilledCost EffectiveCost ContractedCost ListCost BillingAccountId BillingCurrency BillingPeriodStart BillingPeriodEnd "
    "ChargePeriodStart ChargePeriodEnd ChargeCategory ChargeClass ChargeDescription ServiceName SubAccountId SubAccountName "
    "ResourceId Tags PricingQuantity PricingUnit ConsumedQuantity ConsumedUnit"
).split()
# The columns of each version beside those.
VERSIONS = {
    "1.0": ["ProviderName", "PublisherName", "InvoiceIssuerName"],
    "1.1": ["ProviderName", "PublisherName", "InvoiceIssuerName", "SkuMeter"],
    "1.2": ["ProviderName", "PublisherName", "InvoiceIssuerName", "InvoiceId"],
    "1.3": ["ProviderName", "ServiceProviderName", "HostProviderName", "InvoiceIssuerName", "InvoiceId"],
    "1.4": ["ServiceProviderName", "HostProviderName", "InvoiceIssuerName", "InvoiceId"],
}
ACCOUNTS = [f"{n}" * 12 for n in range(1, 7)]


def amount(rng):
    """A cost with up to twelve decimals."""
    return Decimal(rng.randrange(0, 10**9)).scaleb(-rng.randrange(0, 13))


def bill(rng, version, count):
    """Rows of a bill as dictionaries."""
    rows = []
    for number in range(count):
        category = rng.choices(["Usage", "Purchase", "Credit", "Adjustment", "Tax"], [80, 5, 5, 5, 5])[0]
        costs = [amount(rng) for _ in COSTS]
        correction = category == "Usage" and rng.random() < 0.1
        if category == "Credit" or correction or category == "Adjustment" and rng.random() < 0.5:
            costs = [-cost for cost in costs]
        day = rng.randrange(1, 31)
        period = (f"2024-08-{day:02}T00:00:00Z", f"2024-08-{day + 1:02}T00:00:00Z")
        if rng.random() < 0.1:
            period = ("2024-07-31T23:00:00Z", "2024-08-01T00:00:00Z")
        elif rng.random() < 0.2:
            period = (START, END)
        has_quantity = category == "Usage" and not correction
        row = dict(zip(COSTS.values(), map(str, costs)))
        row |= {
            "BillingAccountId": ACCOUNTS[0],
            "BillingCurrency": "USD",
            "BillingPeriodStart": START,
            "BillingPeriodEnd": END,
            "ChargePeriodStart": period[0],
            "ChargePeriodEnd": period[1],
            "ChargeCategory": category,
            "ChargeClass": "Correction" if correction else "",
            "ChargeDescription": rng.choice(["", 'with "quotes", and commas', "two\nlines", "日本語"]),
            "ServiceName": rng.choice(["Compute", "Storage", "Network, global"]),
            "SubAccountId": rng.choice(["", *ACCOUNTS[1:]]),
            "SubAccountName": "",
            "ResourceId": rng.choice(["", f"i-{number % 7}"]),
            "Tags": rng.choice(["", '{"team":"a","cpu":2,"spot":false,"none":null}']),
            "PricingQuantity": str(amount(rng)) if has_quantity else "",
            "PricingUnit": "Hours" if has_quantity else "",
            "ConsumedQuantity": str(amount(rng)) if has_quantity else "",
            "ConsumedUnit": "Hours" if has_quantity else "",
            "InvoiceIssuerName": rng.choices(["Cloud Inc.", "Marketplace Ltd."], [9, 1])[0],
        }
        row |= {column: "x" for column in VERSIONS[version] if column not in row}
        rows.append(row)
    return rows


def text(rows, columns):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def workspace(root, cost="billed", accounts=ACCOUNTS, keys='where = { InvoiceIssuerName = "Cloud*" }\n', currency="USD"):
    """A workspace with a customer for each account."""
    (root / "customers").mkdir(parents=True, exist_ok=True)
    (root / "invoicer.toml").write_text(
        f"""[issuer]
name = "Reseller"
[invoice]
currency = "{currency}"
language = "en"
below-zero = "carry"
[allocation]
unassigned = "error"
[[fx]]
month = "{MONTH}"
from = "{currency}"
to = "JPY"
rate = "100"
[[source]]
name = "cloud"
kind = "focus-csv"
path = "billing/{{month}}/**/*.csv*"
currency = "{currency}"
cost = "{cost}"
final = true
{keys}"""
    )
    for index, account in enumerate(accounts):
        match = f"[[match]]\naccount = {json.dumps(account)}\n"
        (root / f"customers/c{index}.toml").write_text(f'name = "Customer {index}"\n{match}')


def write(root, parts):
    """Writes the parts, the later ones compressed."""
    directory = root / f"billing/{MONTH}/export/data"
    directory.mkdir(parents=True, exist_ok=True)
    for index, part in enumerate(parts):
        path = directory / f"part-{index}.csv"
        if index == 0:
            path.write_text(part, newline="")
        else:
            path.with_suffix(".csv.gz").write_bytes(gzip.compress(part.encode(), mtime=0))
    return directory


def run(binary, root, *arguments):
    command = [binary, "-C", str(root), *arguments, "--quiet", "--no-progress", "--lang", "en"]
    return subprocess.run(command, capture_output=True, text=True)


def built(binary, root):
    """What invoicer bills: the cost by customer, the rows of each detail, the sums of the source."""
    done = run(binary, root, "build", MONTH, "--format", "json")
    if done.returncode != 0:
        raise SystemExit(f"not built:\n{done.stderr}")
    out = root / "out" / MONTH
    summary = json.loads((out / "summary.json").read_text())
    costs, origins = defaultdict(Decimal), []
    for path in sorted((out / "internal").glob("*/*.json")):
        invoice = json.loads(path.read_text())
        for detail in invoice["details"]:
            costs[invoice["customer"]["id"]] += Decimal(detail["cost"])
            origins.append((detail["origin"]["file"].rsplit("/", 1)[-1], detail["origin"]["row"]))
    return costs, sorted(set(origins)), summary


def expected(parts, column, accounts=ACCOUNTS):
    """The same by csv and Decimal; `parts` are names and texts."""
    costs, origins, taxes = defaultdict(Decimal), [], Decimal(0)
    for name, part in parts:
        reader = csv.reader(io.StringIO(part, newline=""))
        header = next(reader)
        line = reader.line_num + 1
        for cells in reader:
            row = dict(zip(header, ("" if cell == "NULL" else cell for cell in cells)))
            first, line = line, reader.line_num + 1
            if "InvoiceIssuerName" in row and not row["InvoiceIssuerName"].startswith("Cloud"):
                continue
            if row["ChargeCategory"] == "Tax":
                taxes += Decimal(row["BilledCost"])
                continue
            account = row.get("SubAccountId") or row["BillingAccountId"]
            costs[f"c{accounts.index(account)}"] += Decimal(row[column])
            origins.append((name, first))
    return costs, sorted(origins), taxes


def compare(binary, root, parts, cost):
    costs, origins, summary = built(binary, root)
    wanted, rows, taxes = expected(parts, COSTS[cost])
    # A customer below zero gets no invoice, which the oracle of the arithmetic covers: its rows are of no document.
    made = {customer: sum_ for customer, sum_ in wanted.items() if customer in costs}
    assert dict(costs) == made, (cost, dict(costs), wanted)
    assert set(origins) <= set(rows), "a row that is left out was billed"
    if len(made) == len(wanted):
        assert origins == rows, "a row is missing"
    source = summary["sources"][0]
    total = sum(wanted.values(), Decimal(0))
    assert Decimal(source["total"]) == total, (source, total)
    assert Decimal(source["tax"]) == taxes, (source, taxes)
    assert summary["conservation"]["difference"] == "0"
    return costs


def exported(binary, root):
    """What customers get in FOCUS: every file adds up to its invoice, and each resource to its details."""
    done = run(binary, root, "export", MONTH, "--to", "focus", "--draft", "--out", str(root / "focus"))
    if done.returncode != 0:
        raise SystemExit(f"not exported:\n{done.stderr}")
    files = 0
    for path in sorted((root / "out" / MONTH).glob("c*/*.json")):
        invoice = json.loads(path.read_text())
        if not invoice["items"]:
            continue
        with open(root / "focus" / f"{invoice['number']}.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        added = sum((Decimal(row["BilledCost"]) for row in rows), Decimal(0))
        assert added == Decimal(invoice["subtotal"]), (path, added)
        lines, resources = defaultdict(Decimal), defaultdict(Decimal)
        for row in rows:
            lines[int(row["x_InvoiceLine"])] += Decimal(row["BilledCost"])
            if row["ResourceId"]:
                resources[row["ResourceId"]] += Decimal(row["BilledCost"])
        assert lines == {item["line"]: Decimal(item["amount"]) for item in invoice["items"]}, path
        wanted = defaultdict(Decimal)
        for detail in invoice["details"]:
            if detail["resource"]:
                wanted[detail["resource"]] += Decimal(detail["amount"])
        assert resources == wanted, path
        internal = json.loads((root / "out" / MONTH / "internal" / path.relative_to(root / "out" / MONTH)).read_text())
        # Short numbers are those of anything.
        secret = {detail["cost"] for detail in internal["details"] if len(detail["cost"]) > 4}
        secret -= {detail[name] for detail in invoice["details"] for name in ("amount", "unit_price", "quantity")}
        assert secret, path
        for row in rows:
            assert row["ListCost"] == row["ContractedCost"] == row["EffectiveCost"] == row["BilledCost"]
            assert row["InvoiceIssuerName"] == row["ProviderName"] == row["PublisherName"] == "Reseller"
            assert row["BillingPeriodStart"] == START and row["BillingPeriodEnd"] == END
            assert row["ChargePeriodStart"] < row["ChargePeriodEnd"] and row["BillingCurrency"] == invoice["currency"]
            assert (row["PricingQuantity"] == "") == (row["PricingUnit"] == ""), row
            if row["ContractedUnitPrice"]:
                assert Decimal(row["ContractedUnitPrice"]) * Decimal(row["PricingQuantity"]) == Decimal(row["BilledCost"]), row
            told = [cell for cell in row.values() if cell in secret]
            assert not told, (path, told)
        files += 1
    return files


def generated(binary):
    """Bills of each version by each kind of cost, and harmless changes of them."""
    for seed, version in enumerate(VERSIONS):
        rng = random.Random(seed)
        columns = BASE + VERSIONS[version]
        rng.shuffle(columns)
        rows = bill(rng, version, 300)
        halves = [rows[:140], rows[140:]]
        parts = [text(half, columns) for half in halves]
        names = ["part-0.csv", "part-1.csv.gz"]
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            write(root, parts)
            for cost in COSTS if version == "1.2" else ["billed", "effective"]:
                workspace(root, cost)
                before = compare(binary, root, list(zip(names, parts)), cost)
            workspace(root, keys='where = { InvoiceIssuerName = "Cloud*" }\n[pricing]\nmarkup = "17.3%"\n')
            built(binary, root)
            assert exported(binary, root) > 1
            workspace(root, cost)
            for name, change in CHANGES.items():
                changed = [text([change(dict(row)) for row in half], columns) for half in halves]
                assert changed != parts, name
                write(root, changed)
                assert built(binary, root)[0] == before, name


def with_exponent(row):
    for column in [*COSTS.values(), "PricingQuantity"]:
        if row[column]:
            row[column] = f"{Decimal(row[column]).scaleb(7):f}E-7"
    return row


def with_null(row):
    return {column: cell or "NULL" for column, cell in row.items()}


def with_spaces(row):
    for column in ["BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"]:
        row[column] = row[column].replace("T", " ").replace(":00Z", "")
    return row


CHANGES = {"exponents": with_exponent, "NULL": with_null, "times without seconds": with_spaces}


def refused(binary):
    """Changes that must be refused, with a word of the message."""
    rng = random.Random(99)
    rows = bill(rng, "1.4", 50)
    columns = BASE + VERSIONS["1.4"]
    good = [text(rows[:25], columns), text(rows[25:], columns)]

    def changed(column, cell):
        return [text([rows[0] | {column: cell}, *rows[1:25]], columns), good[1]]

    def without(column):
        return [text(rows, [known for known in columns if known != column])]

    cases = [
        ("ChargePeriodStart", changed("ChargePeriodStart", "2024-08-02T00:00:00+09:00")),
        ("ChargeCategory", changed("ChargeCategory", "Use")),
        ("BillingCurrency", changed("BillingCurrency", "EUR")),
        ("Tags", changed("Tags", '{"a":{"b":1}}')),
        ("BilledCost", changed("BilledCost", "1,000")),
        *((column, without(column)) for column in ["BilledCost", "BillingPeriodEnd", "ServiceName", "InvoiceIssuerName"]),
    ]
    for word, parts in cases:
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            # Read as far as the row: no issuer is left out.
            workspace(root, keys='where = { InvoiceIssuerName = "*" }\n')
            write(root, parts)
            check_refused(run(binary, root, "check", MONTH), word)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        workspace(root)
        data = write(root, good)
        part = data / "part-1.csv.gz"
        whole = part.read_bytes()
        for length in [len(whole) - 1, len(whole) // 2, 3]:
            part.write_bytes(whole[:length])
            check_refused(run(binary, root, "check", MONTH), "cut off")
        part.write_bytes(whole)
        manifest = data.parent / "metadata/e-Manifest.json"
        manifest.parent.mkdir()
        for names, word in [(["part-0.csv", "part-1.csv.gz"], None), (["part-0.csv", "part-2.csv.gz"], "part-2.csv.gz")]:
            manifest.write_text(json.dumps({"dataFiles": [f"s3://bucket/e/data/{name}" for name in names]}))
            done = run(binary, root, "check", MONTH)
            if word is None:
                assert done.returncode == 0, done.stderr
            else:
                check_refused(done, word)


def check_refused(done, word):
    assert done.returncode == 1 and word in done.stderr, (done.returncode, word, done.stderr)


def sample(binary, path):
    """A bill that is at hand, month by month and currency by currency."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        content = file.read()
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    columns = list(rows[0])
    groups = defaultdict(list)
    for row in rows:
        groups[row["BillingPeriodStart"], row["BillingCurrency"]].append(row)
    for (start, currency), of_month in sorted(groups.items()):
        accounts = sorted({next(id for id in (row["SubAccountId"], row["BillingAccountId"]) if id not in ("", "NULL")) for row in of_month})
        month = start[:7].replace("-", "")
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            workspace(root, accounts=accounts, keys="", currency=currency)
            toml = root / "invoicer.toml"
            toml.write_text(toml.read_text().replace(MONTH, month))
            part = text(of_month, columns)
            (root / "billing" / month).mkdir(parents=True)
            (root / "billing" / month / "sample.csv").write_text(part, newline="")
            done = run(binary, root, "build", month, "--format", "json")
            assert done.returncode == 0, done.stderr
            summary = json.loads((root / "out" / month / "summary.json").read_text())
            plain = text([{k: v for k, v in row.items() if k != "InvoiceIssuerName"} for row in of_month],
                         [column for column in columns if column != "InvoiceIssuerName"])
            wanted, _, taxes = expected([("sample.csv", plain)], "BilledCost", accounts)
            found = {one["id"]: Decimal(one["cost"]) for one in summary["customers"]}
            assert found == {id: sum_ for id, sum_ in wanted.items() if id in found}, (month, currency)
            assert Decimal(summary["sources"][0]["total"]) == sum(wanted.values(), Decimal(0))
            assert Decimal(summary["sources"][0]["tax"]) == taxes
            print(f"{path}: {month} {currency}: {len(of_month)} rows of {len(accounts)} accounts")


def main():
    binary = str(Path(sys.argv[1]).resolve())
    generated(binary)
    refused(binary)
    for path in sys.argv[2:]:
        sample(binary, path)


if __name__ == "__main__":
    main()
