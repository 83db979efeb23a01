#!/usr/bin/env python3
"""Stands in for the program in the tests of compare.py: writes the oracle's figures in the program's form.

FAKE_FAULT makes it wrong in one way; FAKE_READING makes it read the rules in another way.
"""
import json
import os
import sys
from fractions import Fraction
from pathlib import Path

import oracle


def issue(workspace, month, fault):
    documents = [{**json.loads(path.read_text("utf-8")), "customer": path.parent.name}
                 for path in sorted((workspace / "out" / month / "internal").glob("*/*.json"))]
    settings, _ = oracle.load(workspace)
    first = settings["invoice"].get("number-start", 1) + (fault == "gap-of-numbers")
    for document in documents:
        if "draft" in document["number"]:
            document["number"] = document["number"].replace("draft", f"{first:05}")
            first += 1
    (workspace / "issued").mkdir()
    adjusted = sorted((workspace / "adjustments").glob(f"{month}*"))
    (workspace / "issued" / "adjustments").write_bytes(b"".join(path.read_bytes() for path in adjusted))
    (workspace / "issued" / f"{month}.json").write_text(json.dumps({"documents": documents}), "utf-8")
    (workspace / "issued" / "notes").write_text("[]")
    return 0


def verify(workspace, month):
    adjusted = sorted((workspace / "adjustments").glob(f"{month}*"))
    changed = (workspace / "issued" / "adjustments").read_bytes() != b"".join(path.read_bytes() for path in adjusted)
    print(*(path.name for path in adjusted) if changed else ())
    return 1 if changed else 0


def credit(workspace, number, lines, fault):
    """Takes the lines (`N=AMOUNT`) of the invoice back, after the notes that `issued/notes` remembers."""
    path, = (workspace / "issued").glob("*.json")
    document = next(one for one in json.loads(path.read_text("utf-8"))["documents"] if one["number"] == number)
    if not lines:
        print(json.dumps({"documents": [{"tax_subtotals": [
            {**one, "taxable": oracle.plain(-Fraction(one["taxable"])), "tax": oracle.plain(-Fraction(one["tax"]))}
            for one in document["tax_subtotals"]]}]}))
        return 0
    settings, customers = oracle.load(workspace)
    customer = next(one for one in customers if one["id"] == document["customer"])
    subtotals = {one["category"]: (Fraction(one["rate"] or 0), Fraction(one["taxable"])) for one in document["tax_subtotals"]}
    category = {str(one["line"]): one["tax_category"] for one in document["items"]}
    note = {}
    for line, amount in (one.split("=") for one in lines):
        note[category[line]] = note.get(category[line], Fraction(0)) + Fraction(amount)
    before = [{name: Fraction(part) for name, part in one.items()} for one in json.loads((workspace / "issued" / "notes").read_text())]
    mode, places = oracle.tax_rounding(settings, customer), oracle.MINOR_DIGITS[document["currency"]]
    try:
        taxes = oracle.credit(subtotals, [*before, note], mode, places)[-1]
    except oracle.Refused:
        return 1
    if fault == "tax-per-note":
        taxes = {name: oracle.rounded(part * subtotals[name][0], mode, places) for name, part in note.items()}
    (workspace / "issued" / "notes").write_text(json.dumps([*before, note], default=str))
    print(json.dumps({"documents": [{"tax_subtotals": [
        {"category": name, "taxable": oracle.plain(-part), "tax": oracle.plain(-taxes[name])} for name, part in note.items()]}]}))
    return 0


def main():
    arguments = sys.argv[1:]
    if arguments[0] != "-C" or arguments[-1] != "--no-progress":
        return 64
    workspace, month = Path(arguments[1]), arguments[3]
    fault = os.environ.get("FAKE_FAULT", "")
    readings = oracle.parse_readings(os.environ.get("FAKE_READING", "").split())
    if arguments[2] == "issue":
        return issue(workspace, month, fault)
    if arguments[2] == "verify":
        return verify(workspace, month)
    if arguments[2] == "credit":
        return credit(workspace, arguments[3], [one.removeprefix("--line=") for one in arguments if one.startswith("--line=")], fault)
    if arguments[2] != "build" or arguments[4:-1] not in (["--format", "json"], ["-q"]):
        return 64
    if fault == "crash":
        print("thread 'main' panicked", file=sys.stderr)
        return 101
    issued = next((workspace / "issued").glob("*.json"), None)
    before = oracle.outcome(workspace, issued.stem, readings=readings) if issued and fault != "forgets" else {}
    result = oracle.outcome(workspace, month, readings=readings, brought=before.get("carried"),
                            brought_costs=before.get("carried_costs"))
    folder = workspace / "out" / month
    if "refused" in result:
        print(f"error: {result['refused']}", file=sys.stderr)
        if fault == "writes-refused":
            folder.mkdir(parents=True)
        return 1
    folder.mkdir(parents=True)
    customers = []
    for one, figures in result["customers"].items():
        items = []
        for line, item in enumerate(figures["items"], start=1):
            items.append({**item, "line": line, "name": item["name"] or "端数調整"})
        details = []
        for row, detail in enumerate(figures["details"]):
            line = next(item["line"] for item in items if all(item[key] == detail[key] for key in (
                "kind", "source", "name", "tax_category", "tax_included")))
            details.append({**detail, "item": line, "origin": {"file": "soracom.csv", "row": row}})
        if fault == "row-order" and details:
            figures = {**figures, "notes": details[0]["resource"] + details[0]["date"] + details[0]["name"]}
        if fault == "drop-detail":
            details = details[1:]
        if fault == "total":
            figures = {**figures, "total": figures["total"] + Fraction(1, 10 ** 20)}
        if fault == "no-items":
            del figures["items"]
        written = {key: value for key, value in figures.items() if key not in ("cost", "margin", "details_cost", "adjustments")}
        written.update(items=items, details=details)
        if fault == "no-items":
            del written["items"]
        def seen_by_the_customer(entries):
            hidden = ("margin", "adjustment") if fault == "leak" else ("cost", "origin", "adjustment")
            return [{key: value for key, value in entry.items() if key not in hidden} for entry in entries]
        published = {**written, "details": seen_by_the_customer(details)}
        if "items" in published:
            published["items"] = seen_by_the_customer(published["items"])
        for place, record in ((folder / "internal", written), (folder, published)):
            path = place / one / f"{figures['number']}.json"
            path.parent.mkdir(parents=True)
            text = json.dumps(record, default=oracle.as_json, ensure_ascii=False)
            if fault == "float":
                text = text.replace(f'"total": "{oracle.plain(figures["total"])}"', f'"total": {oracle.plain(figures["total"])}.0')
            path.write_text(text, "utf-8")
        customers.append({"id": one, **{name: figures[name] for name in ("cost", "subtotal", "tax", "total", "margin")}})
    conservation = result["conservation"]
    adjusted = [{"currency": currency, **{name: figures[name] for name in ("count", "amount", "cost")}}
                for currency, figures in result["adjustments"].items() if figures["count"]]
    if adjusted:
        adjusted[0]["other_currencies"] = adjusted[1:]
    summary = {"month": month, **({"adjustments": adjusted[0]} if adjusted else {}), "sources": result["sources"], "customers": customers, "unassigned": [],
               "kept": conservation["kept"], "allocated": conservation["allocated"], "conservation": conservation}
    (folder / "summary.json").write_text(json.dumps(summary, default=oracle.as_json, ensure_ascii=False), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
