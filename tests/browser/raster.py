"""Fills, borders and pictures of two PDFs as pixels: text is taken out, pages are drawn at 60 dpi and compared.

A thin border falls on one row of pixels in one file and on two in the other, so a pixel is right when it lies between the
lightest and darkest of the other file's pixels around it. Averaging over 3 x 3 pixels first keeps the ink of a line the
same however it falls; a missing light-grey hairline still shows. Images of pixels become black boxes: how they are scaled
down is the viewer's business, where they stand is not.
"""
import subprocess
import tempfile
from pathlib import Path

import numpy
import pikepdf
from PIL import Image

DPI = 60
# Drawn finer and averaged down, or lines painted over one another would differ by where they fall on the pixels.
FINER = 4
# Levels of 255 after averaging; a missing 0.75 pt line in #ccd4dc makes 10.
TOLERANCE = 8
# Pixels of a page: corners and rounded borders are smoothed differently.
ALLOWED = 40
SHOWING = {"Tj", "TJ", "'", '"'}
# Chromium cuts what is a fraction of a pixel beyond the page's content area, right borders above all.
CLIPPING = {"W", "W*"}
# The unit square, which is where an image stands in its own coordinates.
BOX = [
    pikepdf.ContentStreamInstruction(operands, pikepdf.Operator(operator))
    for operands, operator in [([], "q"), ([0], "g"), ([0, 0, 1, 1], "re"), ([], "f"), ([], "Q")]
]


def blank(operations, objects):
    """Operations without text and clipping, and with a black box for each image."""
    for one in operations:
        operator = str(one.operator)
        if operator == "Do" and objects.get(one.operands[0], {}).get("/Subtype") == "/Image":
            yield from BOX
        elif operator not in SHOWING | CLIPPING:
            yield one


def without_text(pdf, path):
    """A copy of the PDF in which no text is shown."""
    with pikepdf.open(pdf) as document:
        for page in document.pages:
            objects = page.get("/Resources", {}).get("/XObject", {})
            kept = list(blank(pikepdf.parse_content_stream(page), objects))
            page.Contents = document.make_stream(pikepdf.unparse_content_stream(kept))
            for form in objects.values():
                if form.get("/Subtype") == "/Form":
                    inner = form.get("/Resources", {}).get("/XObject", {})
                    kept = list(blank(pikepdf.parse_content_stream(form), inner))
                    form.write(pikepdf.unparse_content_stream(kept))
        document.save(path)


def drawn(pdf, number):
    """A page as an array of height x width x 3 levels; cairo, because pdftoppm sets edges on whole pixels."""
    # Not compressed, which takes ten times as long as drawing; a TIFF cannot go through a pipe.
    image = pdf.with_suffix(".tif")
    command = ["pdftocairo", "-tiff", "-tiffcompression", "none", "-singlefile", "-r", str(DPI * FINER)]
    subprocess.run([*command, "-f", str(number), str(pdf), str(image.with_suffix(""))], capture_output=True, check=True)
    with Image.open(image) as fine:
        width, height = (size // FINER * FINER for size in fine.size)
        reduced = fine.convert("RGB").reduce(FINER, (0, 0, width, height))
    return numpy.asarray(reduced, dtype=numpy.float32)


def around(image, reduce):
    """Every pixel reduced with its eight neighbours: down, then across."""
    padded = numpy.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    columns = reduce(reduce(padded[:-2], padded[1:-1]), padded[2:])
    return reduce(reduce(columns[:, :-2], columns[:, 1:-1]), columns[:, 2:])


def averaged(image):
    return around(image, numpy.add) / 9


def outside(image, other):
    """Where `image` is lighter or darker than everything around in `other`."""
    low, high = around(other, numpy.minimum), around(other, numpy.maximum)
    return ((image < low - TOLERANCE) | (image > high + TOLERANCE)).any(axis=2)


def differences(image, other):
    """The pixels that differ, as a mask over the part both have (paper sizes are rounded)."""
    height, width = (min(pair) for pair in zip(image.shape[:2], other.shape[:2]))
    image, other = averaged(image[:height, :width]), averaged(other[:height, :width])
    return outside(image, other) | outside(other, image)


def compare(ours, reference, chosen):
    """Yields what differs on the chosen pages, counted from 1."""
    with tempfile.TemporaryDirectory() as directory:
        copies = [Path(directory, "ours.pdf"), Path(directory, "reference.pdf")]
        for pdf, copy in zip((ours, reference), copies):
            without_text(pdf, copy)
        for number in chosen:
            image, other = (drawn(copy, number) for copy in copies)
            mask = differences(image, other)
            count = int(mask.sum())
            if count > ALLOWED:
                rows, columns = numpy.nonzero(mask)
                area = tuple(round(value * 72 / DPI) for value in (columns.min(), rows.min(), columns.max(), rows.max()))
                yield f"page {number}: {count} pixels of fills and borders differ, within {area} pt"
