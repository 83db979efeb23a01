"""Each of check.py's rules must catch what breaks it: `python3 -m unittest`, with a PDF in the variable PDF or the sample's."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import check

SAMPLE = pathlib.Path(__file__).parents[2] / "out/202208/takahashi/INV-202208-takahashi.pdf"

# What is replaced, by what, and a part of what is then said.
MISTAKES = [
    (b"/AFRelationship /Data", b"/AFRelationship /None", "no relation"),
    (b"/CIDToGIDMap /Identity", b"/CIDToGIDMap /Identitz", "CIDToGIDMap"),
    (b"/Marked true", b"/Marked null", "not tagged"),
    (b"/S /GTS_PDFA1", b"/S /GTS_PDFX", "output intent"),
    (b"/Scope /Column", b"/Scope /Kolumn", "without a scope"),
    (b"/S /TR\n", b"/S /TD\n", "TD in "),
    (b"/ToUnicode", b"/ToUnicorn", "no /ToUnicode"),
    (b"<pdfaid:part>3", b"<pdfaid:part>2", "not PDF/A-3b"),
    (b"<pdf:Producer>", b"<pdf:Producer>x", "metadata: /Producer"),
    (b"/MCID 1>>", b"/MCID 0>>", "numbers have gaps"),
    (b"/Artifact BMC", b"/Articles BMC", "without a number"),
    (b"\nEMC\nET", b"\nET\nEMC", "crosses a text object"),
    (b"/Artifact BMC", b"BT ET", "outside of marked content"),
    (b"\nET\n", b"\nET\n0 0 0 1 k\n", "colour operator"),
    (b"/DisplayDocTitle true", b"/DisplayDocTitle false", "title is not shown"),
    (b"/ColSpan 5", b"/ColSpan 4", "columns"),
]


class EveryRule(unittest.TestCase):
    def test_mistakes_are_found(self):
        source = pathlib.Path(os.environ.get("PDF", SAMPLE))
        with tempfile.TemporaryDirectory() as directory:
            plain = pathlib.Path(directory) / source.name
            shutil.copy(source.with_suffix(".json"), directory)
            command = ["qpdf", "--qdf", "--object-streams=disable", "--no-original-object-ids"]
            subprocess.run([*command, str(source), str(plain)], check=True)
            content = plain.read_bytes()
            check.check(plain)
            for old, new, message in MISTAKES:
                with self.subTest(old=old, new=new):
                    self.assertIn(old, content)
                    plain.write_bytes(content.replace(old, new, 1))
                    fixed = subprocess.run(["fix-qdf", str(plain)], capture_output=True, check=True).stdout
                    plain.write_bytes(fixed)
                    with self.assertRaises(check.Wrong) as caught:
                        check.check(plain)
                    self.assertIn(message, str(caught.exception))

    def test_another_attachment_is_found(self):
        source = pathlib.Path(os.environ.get("PDF", SAMPLE))
        with tempfile.TemporaryDirectory() as directory:
            copy = pathlib.Path(directory) / source.name
            shutil.copy(source, copy)
            copy.with_suffix(".json").write_text("{}")
            with self.assertRaisesRegex(check.Wrong, "differs from the file beside"):
                check.check(copy)


if __name__ == "__main__":
    unittest.main()
