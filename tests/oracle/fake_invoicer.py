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


def main():
    arguments = sys.argv[1:]
    if arguments[0] != "-C" or arguments[2] != "build" or arguments[4:] != ["--format", "json", "--no-progress"]:
        return 64
    workspace, month = Path(arguments[1]), arguments[3]
    fault = os.environ.get("FAKE_FAULT", "")
    readings = oracle.parse_readings(os.environ.get("FAKE_READING", "").split())
    if fault == "crash":
        print("thread 'main' panicked", file=sys.stderr)
        return 101
    result = oracle.outcome(workspace, month, readings=readings)
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
                "kind", "source", "name", "tax_category")))
            details.append({**detail, "item": line, "origin": {"file": "soracom.csv", "row": row}})
        if fault == "row-order" and details:
            figures = {**figures, "notes": details[0]["resource"] + details[0]["date"] + details[0]["name"]}
        if fault == "drop-detail":
            details = details[1:]
        if fault == "total":
            figures = {**figures, "total": figures["total"] + Fraction(1, 10 ** 20)}
        if fault == "no-items":
            del figures["items"]
        written = {**figures, "items": items, "details": details}
        if fault == "no-items":
            del written["items"]
        path = folder / one / f"{figures['number']}.json"
        path.parent.mkdir()
        text = json.dumps(written, default=oracle.as_json, ensure_ascii=False)
        if fault == "float":
            text = text.replace(f'"total": "{oracle.plain(figures["total"])}"', f'"total": {oracle.plain(figures["total"])}.0')
        path.write_text(text, "utf-8")
        customers.append({"id": one, **{name: figures[name] for name in ("cost", "subtotal", "tax", "total", "margin")}})
    conservation = result["conservation"]
    summary = {"month": month, "sources": result["sources"], "customers": customers, "unassigned": [],
               "kept": conservation["kept"], "allocated": conservation["allocated"], "conservation": conservation}
    (folder / "summary.json").write_text(json.dumps(summary, default=oracle.as_json, ensure_ascii=False), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
