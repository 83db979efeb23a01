"""Measures invoicer beside its peers: called by `run`, see README.md. Prints one table of Markdown for each kind of work."""
import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
FACES = sorted((ROOT / "crates/pages/faces").glob("*.ttf"))
MONTH = "202208"
# A peer that takes longer on the clock is run once, and one that takes this long at all is not run with more rows.
LONG, TOO_LONG = 60, 900
# What only browsers run of an invoice's HTML: `print` is not made for it.
LIVE = [
    ('\n<meta http-equiv="Content-Security-Policy"', ">"),
    ("<style>\n.live-tools", "</style>\n"),
    ("<script", "</script>\n"),
]
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{faces}</dir>
  <cachedir>{cache}</cachedir>
</fontconfig>
"""
TYPST = """#set document(title: "請求書", date: datetime(year: 2022, month: 9, day: 1))
#set page(paper: "a4", margin: 15mm, numbering: "1 / 1")
#set text(font: "Pages Gothic", size: 8pt, lang: "ja")
= 請求書
株式会社サンプル 御中
== ご利用明細
#table(
  columns: (auto, auto, 1fr, auto, auto, auto),
  align: (left, left, left, right, right, right),
  stroke: (x, y) => (bottom: 0.4pt + luma(200)),
  table.header([日付], [回線], [項目], [数量], [単価], [金額]),
  ..csv("{rows}").flatten(),
)
"""


class Measure:
    def __init__(self, busy, clock, memory):
        self.busy, self.clock, self.memory = busy, clock, memory


def once(command, environment):
    """Runs a program to its end: times with those of the children it waits for, memory of the largest of them."""
    start = time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=subprocess.PIPE, env=environment)
        try:
            said = process.stderr.read()
            _, status, used = os.wait4(process.pid, 0)
        finally:
            process.returncode = 0
    if status:
        raise RuntimeError(f"{command[0]}: {said.decode(errors='replace')[-500:]}")
    return Measure(used.ru_utime + used.ru_stime, time.monotonic() - start, used.ru_maxrss / 1024)


def measured(command, wanted, environment):
    """The median of the wanted number of cold runs, one where it takes long; and how many they were."""
    runs = [once(command, environment)]
    if runs[0].clock <= LONG:
        runs += [once(command, environment) for _ in range(wanted - 1)]
    of = lambda figure: median(getattr(run, figure) for run in runs)
    return Measure(of("busy"), of("clock"), of("memory")), len(runs)


def table(title, lines, wanted, environment):
    """Measures and prints one kind of work: name, command, file that it makes."""
    print(f"\n{title}\n\n| | s of processors | s on the clock | MiB | file |\n|---|---|---|---|---|", flush=True)
    took = {}
    for name, command, made in lines:
        try:
            figures, runs = measured([str(part) for part in command], wanted, environment)
        except (RuntimeError, OSError) as error:
            print(f"| {name} | failed: {str(error).strip().splitlines()[-1][:120]} | | | |", flush=True)
            continue
        took[name] = figures.clock
        size = f"{made.stat().st_size / 1024:.0f} KiB" if made is not None and made.exists() else ""
        note = "" if runs == wanted else " (one run)"
        print(
            f"| {name}{note} | {figures.busy:.2f} | {figures.clock:.2f} | {figures.memory:.0f} | {size} |", flush=True
        )
    return took


def generated(generator, directory, rows, customers, settings=lambda text: text):
    if not (directory / "invoicer.toml").exists():
        shutil.rmtree(directory, ignore_errors=True)
        options = ["--rows", str(rows), "--out", str(directory)]
        options += ["--customers", str(customers)] if customers else []
        subprocess.run([generator, "large", *options], check=True)
        path = directory / "invoicer.toml"
        path.write_text(settings(path.read_text()))
    return directory


def without_live_parts(html):
    for start, end in LIVE:
        before, found, rest = html.partition(start)
        html = before + rest.partition(end)[2] if found else html
    return html


def documents(options, work, environment):
    python, peer = sys.executable, Path(__file__).with_name("peer.py")
    slow = set()
    for rows in options.rows:
        root = generated(
            options.generator,
            work / f"document-{rows}",
            rows,
            1,
            lambda text: text.replace('details = "resource"', 'details = "rows"'),
        )
        build = [options.program, "-C", root, "build", MONTH, "--quiet", "--format"]
        subprocess.run([*build, "html,csv"], check=True, stdout=subprocess.DEVNULL)
        [made] = (root / "out" / MONTH / "c001").glob("*.html")
        html, typ = root / "invoice.html", root / "invoice.typ"
        html.write_text(without_live_parts(made.read_text(encoding="utf-8")), encoding="utf-8")
        typst_rows(made.with_suffix(".csv"), root / "rows.csv")
        typ.write_text(TYPST.replace("{rows}", "rows.csv"), encoding="utf-8")
        pdf = {name: root / f"{name}.pdf" for name in ["pages", "weasyprint", "fulgur", "chromium", "typst"]}
        browser = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={work}/profile"]
        lines = [
            ("invoicer, from the CSV of the bill to the PDF", [*build, "pdf"], made.with_suffix(".pdf")),
            ("pages (invoicer's own), HTML to PDF", [options.print, html, pdf["pages"]], pdf["pages"]),
            ("Typst, a table of the same rows", [python, peer, "typst", typ, pdf["typst"], *FACES], pdf["typst"]),
            ("WeasyPrint, HTML to PDF", [python, peer, "weasyprint", html, pdf["weasyprint"]], pdf["weasyprint"]),
            ("fulgur, HTML to PDF", [python, peer, "fulgur", html, pdf["fulgur"], *FACES], pdf["fulgur"]),
            (
                "Chromium, HTML to PDF",
                [options.chromium, *browser, f"--print-to-pdf={pdf['chromium']}", html.as_uri()],
                pdf["chromium"],
            ),
        ]
        lines = [line for line in lines if line[0] not in slow]
        took = table(f"A document of {rows} rows:", lines, options.runs, environment)
        # Ten times the rows take ten times as long at least.
        slow |= {name for name, seconds in took.items() if seconds * 10 > TOO_LONG}
        for name in sorted(slow):
            print(f"\nNot run with more rows, which would take over {TOO_LONG} s: {name}", flush=True)


def typst_rows(invoice, rows):
    """Date, SIM, item, quantity, price and amount of the customer's CSV."""
    with open(invoice, encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    names = ["date", "resource", "name", "quantity", "unit_price", "amount"]
    with open(rows, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([row.get(name, "") for name in names] for row in found if row.get("resource"))


def bills(options, work, environment):
    python, peer = sys.executable, Path(__file__).with_name("peer.py")
    root = generated(options.generator, work / f"bill-{options.bill}", options.bill, None)
    bill = root / "billing" / MONTH / "soracom.csv"
    sums = {name: root / f"{name}.csv" for name in ["duckdb", "polars"]}
    lines = [
        ("a bare pass of the csv crate", [options.month, "pass", root], None),
        ("DuckDB, sums by SIM and day", [python, peer, "duckdb", bill, sums["duckdb"]], sums["duckdb"]),
        ("polars, sums by SIM and day", [python, peer, "polars", bill, sums["polars"]], sums["polars"]),
        ("invoicer, invoices in memory", [options.month, "invoices", root], None),
        (
            "invoicer, JSON of every invoice with every row",
            [options.program, "-C", root, "build", MONTH, "--quiet", "--format", "json"],
            None,
        ),
        ("invoicer check", [options.program, "-C", root, "check", MONTH, "--quiet"], None),
    ]
    table(f"A bill of {options.bill} rows ({bill.stat().st_size / 1e6:.0f} MB):", lines, options.runs, environment)
    read = lambda path: list(csv.reader(open(path, encoding="utf-8", newline="")))[1:]
    exact = lambda rows: sorted((*row[:2], re.sub(r"\.?0*$", "", row[2]) or "0", row[3]) for row in rows)
    if all(path.exists() for path in sums.values()):
        same = exact(read(sums["duckdb"])) == exact(read(sums["polars"]))
        print(f"\nDuckDB and polars {'give the same sums' if same else 'DIFFER'}", flush=True)


def executables(messages):
    """The programs that Cargo built, by name."""
    found = [json.loads(line) for line in messages.read_text().splitlines()]
    return {it["target"]["name"]: it["executable"] for it in found if it.get("executable")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--rows", type=int, nargs="*", default=[300, 3000, 30000], help="rows of the documents")
    parser.add_argument("--bill", type=int, default=1000000, help="rows of the bill; 0 for none")
    parser.add_argument("--runs", type=int, default=5, help="cold runs, of which the median counts")
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    options = parser.parse_args()
    built = executables(options.work / "built")
    options.program, options.print = built["invoicer"], built["print"]
    options.generator, options.month = built["generate_month"], built["month"]
    configuration = options.work / "fonts.conf"
    cache = options.work / "fonts"
    configuration.write_text(FONTS.format(faces=FACES[0].parent, cache=cache))
    environment = {**os.environ, "FONTCONFIG_FILE": str(configuration), "RAYON_NUM_THREADS": "2"}
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f}")
    documents(options, options.work, environment)
    if options.bill:
        bills(options, options.work, environment)


if __name__ == "__main__":
    main()
