"""The comparison of pixels finds what is wrong and forgives what is not: `python3 -m unittest`."""
import tempfile
import unittest
from pathlib import Path

import pikepdf

import raster


def pdf(directory, name, content):
    """A page of 200 x 200 pt; places are from its lower left."""
    document = pikepdf.new()
    document.add_blank_page(page_size=(200, 200))
    document.pages[0].Contents = document.make_stream(content.encode())
    path = Path(directory, name)
    document.save(path)
    return path


class Pixels(unittest.TestCase):
    def differences(self, one, other):
        with tempfile.TemporaryDirectory() as directory:
            files = [pdf(directory, f"{place}.pdf", content) for place, content in enumerate((one, other))]
            return list(raster.compare(*files, [1]))

    LINE = "0.8 0.83 0.86 rg 20 100.2 160 0.75 re f 0 g 20 20 160 1 re f"

    def test_the_same_is_the_same(self):
        self.assertEqual(self.differences(self.LINE, self.LINE), [])

    def test_a_line_half_a_point_off_is_forgiven(self):
        self.assertEqual(self.differences(self.LINE, self.LINE.replace("100.2", "100.7")), [])

    def test_a_line_three_points_off_is_found(self):
        self.assertEqual(len(self.differences(self.LINE, self.LINE.replace("100.2", "103.2"))), 1)

    def test_a_missing_pale_hairline_is_found(self):
        without = "0 g 20 20 160 1 re f"
        self.assertEqual(len(self.differences(self.LINE, without)), 1)
        self.assertEqual(len(self.differences(without, self.LINE)), 1)

    def test_a_line_of_double_thickness_is_found(self):
        self.assertEqual(len(self.differences(self.LINE, self.LINE.replace("20 160 1 re", "19.5 160 2 re"))), 1)

    def test_another_colour_of_a_fill_is_found(self):
        fill = "{} rg 20 20 100 100 re f 0 g 20 10 160 1 re f"
        self.assertEqual(len(self.differences(fill.format("0.95 0.96 0.98"), fill.format("1 1 1"))), 1)

    def test_text_does_not_count(self):
        self.assertEqual(self.differences(self.LINE, f"BT 20 50 Td (x) Tj ET {self.LINE}"), [])


if __name__ == "__main__":
    unittest.main()
