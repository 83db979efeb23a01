"""Makes PagesGothic-Regular.ttf and -Bold.ttf, the built-in face, from BIZ UDPGothic. Run by `prepare`.

    python gothic.py BIZUDPGothic-Regular.ttf BIZUDPGothic-Bold.ttf

What changes, besides the names:

- Figures stand in columns. BIZ UDPGothic's 1 is narrower than its other digits, and its comma and its currency signs have
  another width in bold than in regular type, so that amounts under each other are ragged. Here all digits, the signs + and
  U+2212, and the currency signs have the width of the digits; comma and full stop have one width in both weights. They keep
  narrower than a digit: at its width, 1,234 reads as three numbers. Full-width ￥ keeps its em, parentheses, hyphen and %
  their widths, which are those of running text. No outline is changed, only moved to the middle of its new width. There is
  no kerning in the source that could move them again.
- U+2007 and U+2008 are added: spaces as wide as a digit and as a full stop.
- TrueType instructions are left out: they fit outlines to few pixels, and are a third of the file and of what a PDF holds.
- Tables for substitution and vertical text are left out: layout sets every character with its own glyph, horizontally.
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
    """Gives figures their widths; an outline whose width changes stands in its middle."""
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
    """Without what the subsetter leaves of them: the room for instructions, and the flags that advances need them."""
    maxp, head = font["maxp"], font["head"]
    maxp.maxZones = 1
    for zero in ("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements", "SizeOfInstructions"):
        setattr(maxp, f"max{zero}", 0)
    head.flags &= ~(1 << 2 | 1 << 4)


def make(source, weight):
    # The date of the last change stays the source's: the same bytes on every run.
    font = TTFont(source, recalcTimestamp=False)
    assert font["name"].getDebugName(6) == f"BIZUDPGothic-{weight}", f"{source} is another face"
    characters = set(font.getBestCmap())
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, glyph_names=False, name_IDs=["*"],
                             drop_tables=["GSUB", "GPOS", "GDEF", "BASE", "gasp", "meta", "vhea", "vmtx", "DSIG"])
    subsetter = subset.Subsetter(options)
    # The selectors too: without them, the subsetter drops the forms that they ask for.
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
