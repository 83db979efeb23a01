#!/usr/bin/env python3
"""Compares the PDFs with a browser's print of the same HTML.

usage: check.py --binary INVOICER --print PRINT [--only TEXT] [--keep DIR]

What is compared: every file of tests/layout/ (each exercises one feature; PRINT is `examples/print`), and the invoices of the
repository's sample month and of the workspaces in tests/pages/, each in every design. A file passes when it has as many
pages as Chromium's print, 99.5 % of its words are on the same page, 95 % of them within 1 pt across and down, and fills and
borders agree at 60 dpi (see raster.py). The closing line is `N passed, N failed`; exit 1 on a failure, 2 if it could not run.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import raster
import words
from chromium import Chromium

ROOT = Path(__file__).resolve().parents[2]
DESIGNS = ["classic", "modern"]
# Pages of a long document whose pixels are compared, from either end.
FIRST_PAGES, LAST_PAGES = 3, 2


class CannotRun(Exception):
    pass


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise CannotRun(f"{' '.join(map(str, command))}\n{done.stderr}")


def feature_files(program, directory):
    """(name, HTML, PDF) of every feature file."""
    for html in sorted((ROOT / "tests/layout").glob("*.html")):
        pdf = directory / f"{html.stem}.pdf"
        run(program, html, pdf)
        yield f"layout/{html.stem}", html, pdf


def workspaces():
    """(name, root, month, further arguments) of every workspace to build."""
    yield "sample", ROOT, "202208", []
    for root in sorted((ROOT / "tests/pages").glob("*/invoicer.toml")):
        root = root.parent
        arguments = root / "arguments.txt"
        arguments = arguments.read_text().split() if arguments.exists() else []
        for month in sorted(path.name for path in (root / "billing").iterdir()):
            yield root.name, root, month, arguments


def in_design(root, copy, design):
    """A copy of a workspace whose invoices are all of one design."""
    ignored = shutil.ignore_patterns("out", "target", ".git", "src", "tests", "node_modules")
    shutil.copytree(root, copy, ignore=ignored)
    for customer in (copy / "customers").glob("*.toml"):
        text = re.sub(r'^template\s*=.*\n', "", customer.read_text(), flags=re.M)
        customer.write_text(text)
    settings = copy / "invoicer.toml"
    text = re.sub(r'^template\s*=.*\n', "", settings.read_text(), flags=re.M)
    if "\n[invoice]" in text:
        text = text.replace("\n[invoice]\n", f'\n[invoice]\ntemplate = "{design}"\n', 1)
    else:
        text += f'\n[invoice]\ntemplate = "{design}"\n'
    settings.write_text(text)


def invoices(binary, directory):
    """(name, HTML, PDF) of every invoice of every workspace in every design."""
    for name, root, month, arguments in workspaces():
        for design in DESIGNS:
            copy = directory / f"{name}-{design}"
            in_design(root, copy, design)
            run(binary, "-C", copy, "build", month, "--no-progress", "--format", "html,pdf", *arguments)
            for html in sorted((copy / "out").glob("*/*/*.html")):
                yield f"{name}/{design}/{html.parent.name}", html, html.with_suffix(".pdf")


def chosen_pages(count):
    first = range(1, min(FIRST_PAGES, count) + 1)
    last = range(max(1, count - LAST_PAGES + 1), count + 1)
    return sorted({*first, *last})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--print", type=Path, required=True)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    parser.add_argument("--only", default="", help="only names that contain this text")
    parser.add_argument("--keep", type=Path, help="where both PDFs of a failure are kept")
    options = parser.parse_args()
    passed = failed = 0
    worst = {"left": (0.0, ""), "right": (0.0, ""), "down": (0.0, "")}
    pages = 0
    try:
        with tempfile.TemporaryDirectory() as directory, Chromium(options.chromium) as chromium:
            directory = Path(directory)
            binary, program = options.binary.resolve(), options.print.resolve()
            os.chdir(directory)
            every = [*feature_files(program, directory), *invoices(binary, directory)]
            for name, html, pdf in every:
                if options.only not in name:
                    continue
                reference = directory / "reference.pdf"
                chromium.print(html, reference)
                comparison = words.compare(pdf, reference)
                faults = list(comparison.faults())
                faults += raster.compare(pdf, reference, chosen_pages(min(comparison.pages)))
                pages += comparison.pages[0]
                for key in worst:
                    worst[key] = max(worst[key], (getattr(comparison, key), name))
                if not faults:
                    passed += 1
                    continue
                failed += 1
                print(f"{name}: {'; '.join(faults)}")
                for example in comparison.examples[:5]:
                    print(f"  {example}")
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    stem = name.replace("/", "-")
                    shutil.copy(pdf, options.keep / f"{stem}.pdf")
                    shutil.copy(reference, options.keep / f"{stem}.browser.pdf")
    except (CannotRun, OSError, RuntimeError) as error:
        print(f"could not run: {error}", file=sys.stderr)
        sys.exit(2)
    for key, (distance, name) in worst.items():
        print(f"largest 95th percentile, {key}: {distance:.2f} pt ({name})")
    print(f"{pages} pages; {passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
