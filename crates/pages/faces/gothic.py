"""Makes PagesGothic-Regular.ttf and -Bold.ttf, the built-in face, from BIZ UDPGothic. Run by `prepare`.

    python gothic.py BIZUDPGothic-Regular.ttf BIZUDPGothic-Bold.ttf

What changes, besides the names:

- Figures align in columns. BIZ UDPGothic's 1 is narrower than its other digits, and its comma and currency signs differ
  in width between bold and regular type, so that amounts in a column are ragged. Here all digits, the signs + and
  U+2212, and the currency signs share one width; comma and full stop share another in both weights. It is narrower than
  a digit's: at that width, 1,234 would read as three numbers. Full-width ￥, parentheses, hyphen and % keep the widths
  of running text. Outlines are not changed, only centred in their new widths. The source has no kerning that could move
  them again.
- U+2007 and U+2008 are added: spaces as wide as a digit and as a full stop.
- TrueType instructions are dropped: they only fit outlines to coarse pixels, and are a third of the file and of its
  share of a PDF.
- Tables for substitution and vertical text are dropped: layout sets every character with its own glyph, horizontally.
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph

HERE = Path(__file__).resolve().parent
FAMILY = "Pages Gothic"
VERSION = "1.05; digits of one width, no instructions: 1.000"
COPYRIGHT = ("Copyright 2022 The BIZ UDGothic Project Authors (https://github.com/googlefonts/morisawa-biz-ud-gothic). "
             "Modified, with other names and widths.")
LICENCE = "This Font Software is licensed under the SIL Open Font License, Version 1.1."

# In units of 2048 to the em.
DIGIT = 1556
POINT = 656
WIDTHS = {
    **{code: DIGIT for start in ("0", "０") for code in range(ord(start), ord(start) + 10)},
    **{ord(sign): DIGIT for sign in "+\u2212¥$€£"},
    **{ord(sign): POINT for sign in ",."},
}
SPACES = {0x2007: ("figurespace", DIGIT), 0x2008: ("punctuationspace", POINT)}


def set_widths(font):
    """Sets the widths of figures, and centres the outlines whose widths change."""
    cmap, outlines, metrics = font.getBestCmap(), font["glyf"], font["hmtx"]
    glyphs = {cmap[code]: width for code, width in WIDTHS.items()}
    others = {glyph for code, glyph in cmap.items() if code not in WIDTHS}
    assert not others & set(glyphs), "a character that keeps its width shares a glyph with one that does not"
    components = {part.glyphName for name in outlines.keys() if outlines[name].isComposite()
                  for part in outlines[name].components}
    assert not components & set(glyphs), "another glyph is made of one that moves"
    for name, width in glyphs.items():
        outline = outlines[name]
        assert not outline.isComposite() and outline.xMax - outline.xMin < width, name
        if metrics[name][0] != width:
            outline.coordinates.translate(((width - outline.xMin - outline.xMax) // 2, 0))
            outline.recalcBounds(outlines)
            metrics[name] = (width, outline.xMin)


def add_spaces(font):
    order = font.getGlyphOrder()
    for code, (name, width) in SPACES.items():
        font["glyf"].glyphs[name] = Glyph()
        font["hmtx"][name] = (width, 0)
        order = [*order, name]
        for table in font["cmap"].tables:
            if table.isUnicode() and table.format != 14:
                table.cmap[code] = name
    font.setGlyphOrder(order)
    font["glyf"].glyphOrder = order


def name(font, weight):
    table = font["name"]
    table.names = []
    postscript = f"{FAMILY.replace(' ', '')}-{weight}"
    names = {0: COPYRIGHT, 1: FAMILY, 2: weight, 3: f"{VERSION};{postscript}", 4: f"{FAMILY} {weight}",
             5: f"Version {VERSION}", 6: postscript, 13: LICENCE, 14: "https://openfontlicense.org"}
    for number, text in names.items():
        table.setName(text, number, 3, 1, 0x409)


def without_instructions(font):
    """Removes what the subsetter leaves of instructions: their memory limits, and flags that advances need them."""
    maxp, head = font["maxp"], font["head"]
    maxp.maxZones = 1
    for zero in ("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements", "SizeOfInstructions"):
        setattr(maxp, f"max{zero}", 0)
    head.flags &= ~(1 << 2 | 1 << 4)


def make(source, weight):
    # Keeps the source's modification date, so that every run gives the same bytes.
    font = TTFont(source, recalcTimestamp=False)
    assert font["name"].getDebugName(6) == f"BIZUDPGothic-{weight}", f"{source} is another face"
    characters = set(font.getBestCmap())
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, glyph_names=False, name_IDs=["*"],
                             drop_tables=["GSUB", "GPOS", "GDEF", "BASE", "gasp", "meta", "vhea", "vmtx", "DSIG"])
    subsetter = subset.Subsetter(options)
    # With the selectors: otherwise the subsetter drops their forms.
    selectors = {code for table in font["cmap"].tables if table.format == 14 for code in table.uvsDict}
    subsetter.populate(unicodes=characters | selectors)
    subsetter.subset(font)
    set_widths(font)
    add_spaces(font)
    without_instructions(font)
    name(font, weight)
    target = HERE / f"{FAMILY.replace(' ', '')}-{weight}.ttf"
    font.save(target)
    print(f"{target.name}: {len(characters)} characters, {font['maxp'].numGlyphs} glyphs, {target.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    for path, weight in zip(sys.argv[1:], ("Regular", "Bold")):
        make(path, weight)
