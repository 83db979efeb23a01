#!/usr/bin/env python3
"""Compares the PDFs with a browser's print of the same HTML.

usage: check.py --binary INVOICER --print PRINT --view VIEW [--only TEXT] [--keep DIR]

What is compared: every file of crates/pages/tests/layout/ (each exercises one feature; PRINT is `examples/print`), the invoices of the
repository's sample month and of examples/three-providers in both designs, of the workspaces in tests/pages/ in both designs
and both languages, which take turns, and the credit notes there (VIEW is `examples/render_view`) in each of the four. A file passes when it has as many pages as Chromium's print, 99.5 % of its words are on the same page, 95 % of them within 1 pt
across and down, and fills and borders agree at 60 dpi (see raster.py). The closing line is `N passed, N failed`; exit 1 on
a failure, 2 if it could not run.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import raster
import words
from chromium import Chromium

ROOT = Path(__file__).resolve().parents[2]
DESIGNS = ["classic", "modern"]
MONTH = "202208"
# The sample's workspace is the whole repository.
IGNORED = shutil.ignore_patterns("out", "target", ".git", "src", "tests", "crates")
# A feature file names the faces besides the program's, which both are given.
FONT = re.compile(r"<!-- font: (.*) -->")
# The browser has no faces but the program's own, and the one whose kerning is compared; what designs name, which users may
# have, is a source of one of the program's.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{faces}</dir>
  <dir>/usr/share/fonts/truetype/dejavu</dir>
  <cachedir>{cache}</cachedir>
  <!-- Hinted, a letter advances by whole pixels even in print. -->
  <match target="font">
    <edit name="hinting" mode="assign"><bool>false</bool></edit>
    <edit name="hintstyle" mode="assign"><const>hintnone</const></edit>
  </match>
  <match target="pattern">
    <test name="family"><string>BIZ UDPGothic</string></test>
    <edit name="family" mode="assign" binding="same"><string>Pages Gothic</string></edit>
  </match>
  <match target="pattern">
    <test name="family"><string>Noto Sans CJK JP</string></test>
    <edit name="family" mode="assign" binding="same"><string>Gothic Supplement</string></edit>
  </match>
</fontconfig>
"""
# Pages of a long document whose pixels are compared, from either end.
FIRST_PAGES, LAST_PAGES = 3, 2


class CannotRun(Exception):
    pass


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise CannotRun(f"{' '.join(map(str, command))}\n{done.stderr}")


def feature_files(program, directory, only):
    """(name, HTML, PDF) of every feature file."""
    for html in sorted((ROOT / "crates/pages/tests/layout").glob("*.html")):
        if only not in f"layout/{html.stem}":
            continue
        pdf = directory / f"{html.stem}.pdf"
        run(program, html, pdf, *FONT.findall(html.read_text()))
        yield f"layout/{html.stem}", html, pdf


def credit_notes(program, directory, only):
    """(name, HTML, PDF) of a credit note in every design and language; no command makes one from a workspace alone."""
    for view in sorted((ROOT / "tests/pages/credit-note").glob("*.json")):
        for design in DESIGNS:
            name = f"credit-note/{design}/{view.stem}"
            if only not in name:
                continue
            out = directory / name.replace("/", "-")
            run(program, ROOT, design, view, out)
            yield name, out.with_suffix(".html"), out.with_suffix(".pdf")


def variants():
    """(name, workspace, design, language, arguments) of every build; no language leaves it to the workspace."""
    for design in DESIGNS:
        yield f"sample/{design}", ROOT, design, None, []
        yield f"three-providers/{design}", ROOT / "examples/three-providers", design, None, []
    workspaces = sorted(path.parent for path in (ROOT / "tests/pages").glob("*/invoicer.toml"))
    for index, workspace in enumerate(workspaces):
        # Half of the pairs show both designs and both languages of every workspace, and those take turns with the next one.
        first, second = ("ja", "en") if index % 2 == 0 else ("en", "ja")
        languages = {DESIGNS[0]: [first], DESIGNS[1]: [second]}
        more = workspace / "arguments.txt"
        arguments = more.read_text().split() if more.exists() else []
        for design in DESIGNS:
            for language in languages[design]:
                yield f"{workspace.name}/{design}/{language}", workspace, design, language, arguments


def changed(workspace, copy, design, language):
    """A copy of a workspace whose invoices are all of one design and language."""
    shutil.copytree(workspace, copy, ignore=IGNORED)
    for path in [copy / "invoicer.toml", *(copy / "customers").glob("*.toml")]:
        text = re.sub(r"^template *=.*\n", "", path.read_text(), flags=re.M)
        if path.name == "invoicer.toml":
            text = text.replace("[invoice]\n", f'[invoice]\ntemplate = "{design}"\n', 1)
            if language:
                text = re.sub(r"^language *=.*$", f'language = "{language}"', text, flags=re.M)
        path.write_text(text)


def invoices(binary, directory, only):
    """(name, HTML, PDF) of every invoice of every build."""
    for name, workspace, design, language, arguments in variants():
        if only not in name:
            continue
        copy = directory / name.replace("/", "-")
        changed(workspace, copy, design, language)
        run(binary, "-C", copy, "build", MONTH, "--no-progress", "--format", "html,pdf", *arguments)
        for html in sorted((copy / "out" / MONTH).glob("*/*.html")):
            yield f"{name}/{html.parent.name}", html, html.with_suffix(".pdf")


def show_faces(directory):
    """Makes the built-in faces the fonts that the browser finds."""
    configuration = directory / "fonts.conf"
    faces = ROOT / "crates/pages/faces"
    configuration.write_text(FONTS.format(faces=faces, cache=directory / "fonts"))
    os.environ["FONTCONFIG_FILE"] = str(configuration)


def chosen_pages(count):
    first = range(1, min(FIRST_PAGES, count) + 1)
    last = range(max(1, count - LAST_PAGES + 1), count + 1)
    return sorted({*first, *last})


def compare(pdf, reference):
    """The words' comparison, and all that is not as close as it must be."""
    comparison = words.compare(pdf, reference)
    faults = [*comparison.faults(), *raster.compare(pdf, reference, chosen_pages(min(comparison.pages)))]
    return comparison, faults


def told(keep, name, pdf, reference, result):
    """Prints the faults of a file and keeps what they were found in; whether there are none."""
    comparison, faults = result.result()
    if not faults:
        return True
    print(f"{name}: {'; '.join(faults)}")
    for example in comparison.examples[:5]:
        print(f"  {example}")
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        stem = name.replace("/", "-")
        shutil.copy(pdf, keep / f"{stem}.pdf")
        shutil.copy(reference, keep / f"{stem}.browser.pdf")
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--print", type=Path, required=True)
    parser.add_argument("--view", type=Path, required=True)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    parser.add_argument("--only", default="", help="only builds and files whose name contains this text")
    parser.add_argument("--keep", type=Path, help="where both PDFs of a failure are kept")
    options = parser.parse_args()
    compared = []
    try:
        with tempfile.TemporaryDirectory() as directory:
            directory = Path(directory)
            binary, printer, viewer = (path.resolve() for path in (options.binary, options.print, options.view))
            only = options.only
            every = [
                *feature_files(printer, directory, only),
                *invoices(binary, directory, only),
                *credit_notes(viewer, directory, only),
            ]
            show_faces(directory)
            with Chromium(options.chromium) as chromium, ThreadPoolExecutor(os.cpu_count()) as pool:
                for place, (name, html, pdf) in enumerate(every):
                    reference = directory / f"browser-{place}.pdf"
                    chromium.print(html, reference)
                    compared.append((name, pdf, reference, pool.submit(compare, pdf, reference)))
            failed = sum(not told(options.keep, *one) for one in compared)
    except (CannotRun, OSError, RuntimeError) as error:
        print(f"could not run: {error}", file=sys.stderr)
        sys.exit(2)
    results = [(name, result.result()[0]) for name, _, _, result in compared]
    for side in ("left", "right", "down"):
        distance, name = max(((getattr(words, side), name) for name, words in results), default=(0.0, ""))
        print(f"largest 95th percentile, {side}: {distance:.2f} pt ({name})")
    pages = sum(words.pages[0] for _, words in results)
    print(f"{pages} pages; {len(compared) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not compared else 0)


if __name__ == "__main__":
    main()
