"""Draws the faces in this directory anew: `python make.py [NotoSansCJK-Regular.ttc]`, with fontTools 4."""
import sys

from fontTools import subset
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont, newTable
from fontTools.ttLib.tables._k_e_r_n import KernTable_format_0

# Rectangles, as left, bottom, right, top on an em of 1000: 土 over 口, both bars of 土 as the rare form has them.
YOSHI = [(450, 430, 550, 860), (150, 660, 850, 740), (220, 430, 780, 510)]
YOSHI += [(220, -60, 310, 330), (690, -60, 780, 330), (310, 250, 690, 330), (310, -60, 690, 20)]
SQUARE = [(100, 0, 400, 300)]
ADVANCES = {".notdef": 500, "space": 300, "yoshi": 1000, "square": 500}
SHAPES = {".notdef": [], "space": [], "yoshi": YOSHI, "square": SQUARE}


def left(glyph):
    return min((rectangle[0] for rectangle in SHAPES[glyph]), default=0)


def drawn(pen, rectangles):
    for left, bottom, right, top in rectangles:
        pen.moveTo((left, bottom))
        for point in [(left, top), (right, top), (right, bottom)]:
            pen.lineTo(point)
        pen.closePath()
    return pen


def face(name, characters, is_cff):
    glyphs = [".notdef", "space", *characters.values()]
    builder = FontBuilder(1000, isTTF=not is_cff)
    builder.setupGlyphOrder(glyphs)
    builder.setupCharacterMap({0x20: "space", **characters})
    if is_cff:
        shapes = {name: drawn(T2CharStringPen(ADVANCES[name], None), SHAPES[name]).getCharString() for name in glyphs}
        builder.setupCFF(name, {"FullName": name}, shapes, {})
    else:
        builder.setupGlyf({name: drawn(TTGlyphPen(None), SHAPES[name]).glyph() for name in glyphs})
    builder.setupHorizontalMetrics({glyph: (ADVANCES[glyph], left(glyph)) for glyph in glyphs})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name})
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120, fsType=0)
    builder.setupPost()
    builder.updateHead(created=0, modified=0)
    builder.font.recalcTimestamp = False
    return builder


yoshi = {0x20BB7: "yoshi"}
face("DrawnYoshi", yoshi, False).save("yoshi.ttf")
face("DrawnYoshiCff", yoshi, True).save("yoshi.otf")
collection = TTCollection()
collection.fonts = [TTFont("yoshi.ttf"), face("DrawnSquare", {0xE000: "square"}, False).font]
collection.save("yoshi.ttc")

# Capitals whose advances and distances are easy to add up: by OpenType's feature and by the older table. What would put
# another glyph in the place of two letters must not be used: it could not be copied.
latin = {0x41: "A", 0x54: "T", 0x56: "V"}
ADVANCES.update({"A": 700, "T": 600, "V": 650, "A_V": 1000})
SHAPES.update({name: [(50, 0, ADVANCES[name] - 50, 700)] for name in ["A", "T", "V", "A_V"]})
FEATURES = """
feature liga { sub A V by A_V; } liga;
feature kern {
  pos A V -120; pos V A -110; pos T [A V] -90; pos V space -40;
} kern;
"""
kerned = face("KernedCapitals", {**latin, 0xE001: "A_V"}, False)
addOpenTypeFeaturesFromString(kerned.font, FEATURES)
kerned.save("kerned.ttf")
old = face("KernedByTable", latin, False)
table = old.font["kern"] = newTable("kern")
table.version = 0
subtable = KernTable_format_0(apple=False)
subtable.coverage, subtable.tupleIndex = 1, None
subtable.kernTable = {("A", "V"): -120, ("V", "A"): -110, ("T", "A"): -90}
table.kernTables = [subtable]
old.save("kerned-by-table.ttf")

if len(sys.argv) > 1:
    options = subset.Options(name_IDs=[0, 13, 14], notdef_outline=True, hinting=False, layout_features=[], recalc_timestamp=False)
    font = TTFont(sys.argv[1], fontNumber=0, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[0x20, 0x20BB7, 0x9AD9])
    subsetter.subset(font)
    for identifier, text in [(1, "Keyed Yoshi"), (2, "Regular"), (4, "Keyed Yoshi"), (6, "KeyedYoshi")]:
        font["name"].setName(text, identifier, 3, 1, 0x409)
    cff = font["CFF "].cff
    cff.fontNames = ["KeyedYoshi"]
    cff[0].FullName = cff[0].FamilyName = "Keyed Yoshi"
    font.save("keyed-yoshi.otf")
