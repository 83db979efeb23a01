#!/usr/bin/env python3
"""Checks PDFs as PDF/A-3b and as tagged documents, reading them with qpdf: `check.py FILE.pdf …`.

Nothing here knows how the files were made. What is checked, with the clauses of ISO 19005-3 (A), ISO 32000-1 (P) and
ISO 14289-1 (U):

- the file: header, binary comment, /ID, no encryption, no scripts or actions but links (A 6.1, 6.5, 6.6)
- fonts: embedded, a subset, mapped to Unicode, and widths that agree with the font file's (A 6.2.11)
- colours: an output intent whose ICC profile is well-formed RGB; no device colour but RGB and grey (A 6.2.3, 6.2.4)
- metadata: XMP, uncompressed, well-formed, part 3 conformance B, and equal to the information dictionary (A 6.6.2)
- attachments: named, described, with a relation and a media type, and listed in /AF (A 6.8); equal to a file beside
- structure: every text and picture is in marked content; every number is in the page's parents, belongs to the element
  that the parent tree says, and comes once, in reading order; tables, lists, figures and links are formed as they must
  be (P 14.7, 14.8; U 7)
- annotations: printed, and tied to a link in the structure (A 6.3; U 7.18)
"""

import base64
import json
import pathlib
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

ROLES = {
    "Document": {"Sect", "Div", "BlockQuote", "P", "H1", "H2", "H3", "H4", "H5", "H6", "L", "Table", "Figure", "Link"},
    "Table": {"Caption", "THead", "TBody", "TFoot", "TR"},
    "THead": {"TR"},
    "TBody": {"TR"},
    "TFoot": {"TR"},
    "TR": {"TH", "TD"},
    "L": {"LI", "L", "Caption"},
    "LI": {"Lbl", "LBody"},
}
ROLES["Sect"] = ROLES["Div"] = ROLES["BlockQuote"] = ROLES["Document"]
# Elements that hold elements only; text in them would be read by nobody.
GROUPS = set(ROLES)
TABLE_PARTS = {"Caption", "THead", "TBody", "TFoot", "TR", "TH", "TD", "LI", "Lbl", "LBody"}
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"
PDF = "{http://ns.adobe.com/pdf/1.3/}"
XMP = "{http://ns.adobe.com/xap/1.0/}"
PDFA = "{http://www.aiim.org/pdfa/ns/id/}"


class Wrong(Exception):
    """What a file does that it must not."""


def expect(holds, message):
    if not holds:
        raise Wrong(message)


class Pdf:
    """The objects of a file as qpdf reads them."""

    def __init__(self, path):
        self.bytes = path.read_bytes()
        command = ["qpdf", "--json=2", "--json-stream-data=inline", "--decode-level=generalized", str(path)]
        run = subprocess.run(command, capture_output=True, check=False)
        expect(run.returncode == 0, f"qpdf: {run.stderr.decode().strip()}")
        self.objects = json.loads(run.stdout)["qpdf"][1]
        self.trailer = self.objects["trailer"]["value"]
        self.catalog = self.get(self.trailer["/Root"])

    def get(self, value):
        """The value itself, or what it refers to; a stream is its dictionary."""
        while isinstance(value, str) and re.fullmatch(r"\d+ \d+ R", value):
            found = self.objects[f"obj:{value}"]
            value = found["stream"]["dict"] if "stream" in found else found["value"]
        return value

    def stream(self, reference):
        return base64.b64decode(self.objects[f"obj:{reference}"]["stream"]["data"])

    def raw(self, reference):
        """The bytes of a stream in the file, whatever its filter."""
        number = reference.split()[0]
        found = re.search(rb"(?<!\d)%s 0 obj\b(.*?)stream\r?\n" % number.encode(), self.bytes, re.DOTALL)
        expect(found, f"object {number} is no stream of its own")
        return self.bytes[found.end() : found.end() + self.get(reference)["/Length"]]

    def pages(self):
        found = []

        def walk(reference):
            node = self.get(reference)
            if node["/Type"] == "/Page":
                found.append((reference, node))
            for kid in node.get("/Kids", []):
                walk(kid)

        walk(self.catalog["/Pages"])
        return found


def text(value):
    """A string object's text: qpdf's JSON says u: for text and b: for bytes."""
    if value is None:
        return None
    return value[2:] if value.startswith("u:") else bytes.fromhex(value[2:]).decode("latin-1")


# ---------------------------------------------------------------------------------------------------------- the file


def check_file(pdf):
    expect(re.match(rb"%PDF-1\.7\n%[\x80-\xff]{4}", pdf.bytes), "header: expected %PDF-1.7 and four bytes above 127")
    expect(pdf.bytes.rstrip().endswith(b"%%EOF"), "bytes behind %%EOF")
    expect("/Encrypt" not in pdf.trailer, "encrypted")
    expect(len(pdf.trailer.get("/ID", [])) == 2, "no /ID")
    for name, found in pdf.objects.items():
        value = found["stream"]["dict"] if "stream" in found else found["value"]
        if "stream" in found:
            filters = value.get("/Filter", [])
            filters = filters if isinstance(filters, list) else [filters]
            expect(not {"/LZWDecode", "/Crypt"} & set(filters), f"{name}: filter {filters}")
            expect(not {"/F", "/FFilter", "/OPI", "/Ref"} & set(value), f"{name}: content outside the file")
        if isinstance(value, dict):
            forbidden = {"/AA", "/JS", "/JavaScript", "/XFA", "/OpenAction", "/NeedAppearances", "/TR", "/HTP"}
            expect(not forbidden & set(value), f"{name}: {sorted(forbidden & set(value))}")
            if "/S" in value and "/URI" not in value and value.get("/Type") == "/Action":
                expect(value["/S"] == "/GoTo", f"{name}: the action {value['/S']}")
            expect(value.get("/Interpolate") is not True, f"{name}: /Interpolate")


# ------------------------------------------------------------------------------------------------------------- fonts


def tables_of(font):
    count = struct.unpack(">H", font[4:6])[0]
    entries = (struct.unpack(">4sLLL", font[12 + 16 * index : 28 + 16 * index]) for index in range(count))
    return {tag.decode(): font[start : start + length] for tag, _, start, length in entries}


def check_fonts(pdf):
    shown = {}
    for _, page in pdf.pages():
        fonts = pdf.get(pdf.get(page.get("/Resources", {})).get("/Font", {}))
        shown.update({reference: pdf.get(reference) for reference in fonts.values()})
    for reference, font in shown.items():
        name = font["/BaseFont"]
        expect(font["/Subtype"] == "/Type0" and font["/Encoding"] == "/Identity-H", f"{name}: not a composite font")
        expect(re.match(r"/[A-Z]{6}\+", name), f"{name}: not a subset")
        expect("/ToUnicode" in font, f"{name}: no /ToUnicode")
        inner = pdf.get(pdf.get(font["/DescendantFonts"])[0])
        expect(inner["/BaseFont"] == name, f"{name}: its descendant is {inner['/BaseFont']}")
        system = pdf.get(inner["/CIDSystemInfo"])
        expect(text(system["/Ordering"]) == "Identity", f"{name}: CIDs of {text(system['/Ordering'])}")
        descriptor = pdf.get(inner["/FontDescriptor"])
        expect(descriptor["/FontName"] == name, f"{name}: its descriptor is {descriptor['/FontName']}")
        if inner["/Subtype"] == "/CIDFontType2":
            expect(inner.get("/CIDToGIDMap") == "/Identity", f"{name}: no /CIDToGIDMap")
            expect("/FontFile2" in descriptor, f"{name}: not embedded")
            check_widths(pdf, name, inner, tables_of(pdf.stream(descriptor["/FontFile2"])))
        else:
            expect("/FontFile3" in descriptor, f"{name}: not embedded")
        expect(b"beginbfchar" in pdf.stream(font["/ToUnicode"]) or b"beginbfrange" in pdf.stream(font["/ToUnicode"]),
               f"{name}: /ToUnicode maps nothing")


def check_widths(pdf, name, font, tables):
    per_em = struct.unpack(">H", tables["head"][18:20])[0]
    measured = struct.unpack(">H", tables["hhea"][34:36])[0]
    said = {}
    widths = pdf.get(font["/W"])
    while widths:
        first, second, *rest = widths
        second = pdf.get(second)
        if isinstance(second, list):
            said.update(enumerate(second, first))
            widths = rest
        else:
            said.update({code: rest[0] for code in range(first, second + 1)})
            widths = rest[1:]
    for glyph, width in said.items():
        place = 4 * min(glyph, measured - 1)
        own = struct.unpack(">H", tables["hmtx"][place : place + 2])[0] * 1000 / per_em
        expect(abs(own - width) <= 1, f"{name}: glyph {glyph} is {own} wide, /W says {width}")


# --------------------------------------------------------------------------------------------- colours and metadata


def check_output_intent(pdf):
    intents = pdf.get(pdf.catalog.get("/OutputIntents", []))
    expect(len(intents) == 1, "expected one output intent")
    intent = pdf.get(intents[0])
    expect(intent["/S"] == "/GTS_PDFA1", f"output intent {intent['/S']}")
    reference = intent["/DestOutputProfile"]
    profile = pdf.stream(reference)
    expect(pdf.get(reference)["/N"] == 3, "profile: /N is not 3")
    expect(struct.unpack(">L", profile[:4])[0] == len(profile), "profile: its length is wrong")
    expect(profile[36:40] == b"acsp" and profile[12:24] == b"mntrRGB XYZ ", "profile: not a monitor's in RGB")
    expect(profile[8] <= 4, "profile: version above 4")
    tags = {}
    for index in range(struct.unpack(">L", profile[128:132])[0]):
        name, start, length = struct.unpack(">4sLL", profile[132 + 12 * index : 144 + 12 * index])
        expect(start + length <= len(profile) and start % 4 == 0, f"profile: {name} is beyond its end")
        tags[name.decode()] = profile[start : start + length]
    needed = {"desc", "cprt", "wtpt", "rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"}
    expect(needed <= set(tags), f"profile: no {sorted(needed - set(tags))}")


def check_metadata(pdf):
    reference = pdf.catalog.get("/Metadata")
    expect(reference, "no metadata")
    expect("/Filter" not in pdf.get(reference), "metadata are compressed")
    packet = pdf.stream(reference)
    expect(packet in pdf.bytes, "metadata cannot be found in the file as they are")
    root = ElementTree.fromstring(packet.decode())

    def said(name):
        found = root.find(f".//{name}")
        if found is None:
            return None
        items = found.findall(f".//{RDF}li")
        return "; ".join(item.text for item in items) if items else found.text

    expect((said(PDFA + "part"), said(PDFA + "conformance")) == ("3", "B"), "metadata: not PDF/A-3b")
    information = pdf.get(pdf.trailer.get("/Info", {}))
    for key, name in {"/Title": DC + "title", "/Author": DC + "creator", "/Subject": DC + "description",
                      "/Creator": XMP + "CreatorTool", "/Producer": PDF + "Producer"}.items():
        one, other = text(information.get(key)), said(name)
        expect(one == other, f"metadata: {key} is {one!r}, {name} is {other!r}")
    for key, name in {"/CreationDate": XMP + "CreateDate", "/ModDate": XMP + "ModifyDate"}.items():
        date = re.fullmatch(r"D:(....)(..)(..)(..)(..)(..)Z", text(information[key]))
        expect(date, f"metadata: {key} is {information[key]}")
        expected = "{}-{}-{}T{}:{}:{}Z".format(*date.groups())
        expect(said(name) == expected, f"metadata: {key} is {expected}, {name} is {said(name)}")
    expect(said(DC + "title"), "no title")
    expect(pdf.catalog.get("/ViewerPreferences", {}).get("/DisplayDocTitle") is True, "the title is not shown")
    expect(text(pdf.catalog.get("/Lang")), "no language")


def check_attachments(pdf, path):
    names = pdf.get(pdf.get(pdf.catalog.get("/Names", {})).get("/EmbeddedFiles", {})).get("/Names", [])
    files = dict(zip([text(name) for name in names[::2]], names[1::2]))
    expect(list(files) == sorted(files), "attachments are not sorted by name")
    expect(sorted(files.values()) == sorted(pdf.catalog.get("/AF", [])), "/AF and /EmbeddedFiles differ")
    for name, reference in files.items():
        file = pdf.get(reference)
        expect(text(file["/UF"]) == name and file.get("/F") and file.get("/Desc"), f"{name}: badly described")
        expect(file.get("/AFRelationship") in ("/Data", "/Source", "/Supplement"), f"{name}: no relation")
        content = file["/EF"]["/F"]
        dictionary = pdf.get(content)
        expect("/" in dictionary.get("/Subtype", "")[1:], f"{name}: no media type")
        attached = pdf.stream(content)
        parameters = pdf.get(dictionary["/Params"])
        expect(parameters["/Size"] == len(attached) and "/ModDate" in parameters, f"{name}: wrong /Params")
        beside = path.with_name(name)
        expect(beside.exists() and beside.read_bytes() == attached, f"{name}: differs from the file beside")


# --------------------------------------------------------------------------------------------------------- structure

TOKEN = re.compile(rb"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)|<<|>>|<[0-9A-Fa-f\s]*>|[\[\]]|/[^\s/<>\[\]()]*|[^\s/<>\[\]()]+",
                   re.DOTALL)
PAINTS = {b"f", b"f*", b"F", b"S", b"s", b"B", b"B*", b"b", b"b*", b"sh"}
SHOWS = {b"Tj", b"TJ", b"'", b'"'}
COLOURS = {b"k", b"K", b"cs", b"CS", b"scn", b"SCN", b"sc", b"SC"}


def marked(content, where):
    """The numbers of a page's marked content in the order they are painted, each with its tag."""
    stack, operands, found, saved, in_text = [], [], [], 0, False
    for token in TOKEN.findall(content):
        if token[:1] in b"(<[]>/" or re.fullmatch(rb"[-+.\d]+", token):
            operands.append(token)
            continue
        if token in (b"BDC", b"BMC"):
            expect(not stack, f"{where}: marked content in marked content")
            tag = operands[0]
            number = int(operands[operands.index(b"/MCID") + 1]) if b"/MCID" in operands else None
            expect(tag == b"/Artifact" or number is not None, f"{where}: {tag.decode()} without a number")
            stack.append((tag, in_text))
            if number is not None:
                found.append((number, tag.decode()))
        elif token == b"EMC":
            expect(stack, f"{where}: EMC without a start")
            expect(stack.pop()[1] == in_text, f"{where}: marked content crosses a text object")
        elif token in (b"BT", b"ET"):
            expect(in_text != (token == b"BT"), f"{where}: unbalanced {token.decode()}")
            in_text = token == b"BT"
        elif token in (b"q", b"Q"):
            saved += 1 if token == b"q" else -1
            expect(saved >= 0, f"{where}: Q without q")
        elif token in SHOWS or token in PAINTS or token == b"Do":
            expect(stack, f"{where}: {token.decode()} outside of marked content")
        else:
            expect(token not in COLOURS, f"{where}: the colour operator {token.decode()}")
        operands = []
    expect(not stack and not in_text and not saved, f"{where}: something is left open")
    return found


class Structure:
    """Walks the elements in reading order."""

    def __init__(self, pdf):
        self.pdf = pdf
        self.order = []
        self.of_content = {}
        self.of_annotation = {}
        self.headings = []

    def walk(self, reference, parent, parent_role):
        element = self.pdf.get(reference)
        role = element["/S"][1:]
        expect(element["/P"] == parent, f"{role}: its parent is not where it is found")
        if parent_role in ROLES:
            expect(role in ROLES[parent_role], f"{role} in {parent_role}")
        elif role in TABLE_PARTS:
            raise Wrong(f"{role} in {parent_role}")
        self.check_element(element, role)
        kids = element.get("/K", [])
        for kid in kids if isinstance(kids, list) else [kids]:
            if isinstance(kid, str):
                self.walk(kid, reference, role)
                continue
            kid = {"/MCID": kid} if isinstance(kid, int) else self.pdf.get(kid)
            page = kid.get("/Pg", element.get("/Pg"))
            if kid.get("/Type") == "/OBJR":
                expect(role == "Link", f"an annotation in {role}")
                self.of_annotation[kid["/Obj"]] = (reference, page)
                continue
            content = (page, kid["/MCID"])
            expect(role not in GROUPS, f"text in {role} itself")
            expect(content not in self.of_content, f"content {content} comes twice")
            self.of_content[content] = (reference, role)
            self.order.append(content)

    def check_element(self, element, role):
        attributes = element.get("/A", {})
        if role == "Figure":
            expect(text(element.get("/Alt")), "a figure without words")
        if role == "TH":
            expect(attributes.get("/Scope") in ("/Column", "/Row"), "a header cell without a scope")
        if role == "Table":
            self.check_table(element)
        if re.fullmatch("H[1-6]", role):
            level = int(role[1])
            deepest = self.headings[-1] if self.headings else 0
            expect(level <= deepest + 1, f"{role} behind level {deepest}")
            self.headings.append(level)

    def check_table(self, table):
        """Every row has as many columns, spans counted."""
        rows = []
        for kid in table["/K"]:
            part = self.pdf.get(kid)
            kids = part["/K"] if part["/S"] in ("/THead", "/TBody", "/TFoot") else []
            rows += [self.pdf.get(row) for row in kids] + ([part] if part["/S"] == "/TR" else [])
        widths = []
        reaching = []
        for row in rows:
            spans = [self.pdf.get(cell).get("/A", {}) for cell in row["/K"]]
            width = sum(span.get("/ColSpan", 1) for span in spans) + sum(columns for _, columns in reaching)
            widths.append(width)
            reaching = [(left - 1, columns) for left, columns in reaching if left > 1]
            reaching += [(span["/RowSpan"] - 1, span.get("/ColSpan", 1)) for span in spans if span.get("/RowSpan", 1) > 1]
        expect(len(set(widths)) <= 1, f"a table's rows have {sorted(set(widths))} columns")


def numbers(pdf, node, found):
    """A number tree as a dictionary."""
    node = pdf.get(node)
    pairs = node.get("/Nums", [])
    found.update(zip(pairs[::2], pairs[1::2]))
    for kid in node.get("/Kids", []):
        numbers(pdf, kid, found)
    return found


def check_structure(pdf):
    expect(pdf.catalog.get("/MarkInfo", {}).get("/Marked") is True, "not tagged")
    root_reference = pdf.catalog["/StructTreeRoot"]
    root = pdf.get(root_reference)
    structure = Structure(pdf)
    for kid in root["/K"]:
        structure.walk(kid, root_reference, "StructTreeRoot")
    parents = numbers(pdf, root["/ParentTree"], {})
    expect(root.get("/ParentTreeNextKey", 0) > max(parents, default=-1), "/ParentTreeNextKey is taken")
    painted = 0
    for index, (reference, page) in enumerate(pdf.pages(), 1):
        where = f"page {index}"
        contents = page["/Contents"]
        contents = contents if isinstance(contents, list) else [contents]
        found = marked(b"\n".join(pdf.stream(one) for one in contents), where)
        painted += len(found)
        expected = pdf.get(parents[page["/StructParents"]])
        expect(sorted(number for number, _ in found) == list(range(len(expected))), f"{where}: numbers have gaps")
        for number, tag in found:
            owner = structure.of_content.get((reference, number))
            expect(owner, f"{where}: content {number} is in no element")
            expect(owner[0] == expected[number], f"{where}: content {number} has another parent in the parent tree")
            expect(tag == f"/{owner[1]}", f"{where}: content {number} is marked {tag}, its element is {owner[1]}")
        annotations = [(one, pdf.get(one)) for one in pdf.get(page.get("/Annots", []))]
        expect(not annotations or page.get("/Tabs") == "/S", f"{where}: /Tabs is not /S")
        for one, annotation in annotations:
            expect(annotation["/Subtype"] == "/Link", f"{where}: annotation {annotation['/Subtype']}")
            expect(annotation.get("/F") == 4, f"{where}: an annotation that is not printed")
            owner = structure.of_annotation.get(one)
            # A link in a repeated head is no part of what is read.
            if "/StructParent" in annotation:
                expect(owner, f"{where}: a link in no element")
                expect(owner == (parents[annotation["/StructParent"]], reference), f"{where}: a link in another element")
    expect(painted == len(structure.of_content), "the structure has content that no page paints")
    check_order(pdf, structure.order)


def check_order(pdf, order):
    """Reading goes forward through the pages, but for boxes beside one another that go on over pages."""
    pages = {reference: index for index, (reference, _) in enumerate(pdf.pages())}
    read = [pages[page] for page, _ in order]
    backward = sum(1 for one, next_one in zip(read, read[1:]) if next_one < one)
    expect(backward * 50 <= max(len(read), 50), f"reading jumps back to an earlier page {backward} times")


def check(path):
    pdf = Pdf(path)
    check_file(pdf)
    check_fonts(pdf)
    check_output_intent(pdf)
    check_metadata(pdf)
    check_attachments(pdf, path)
    check_structure(pdf)


def main(paths):
    failed = False
    for path in map(pathlib.Path, paths):
        try:
            check(path)
        except Wrong as wrong:
            print(f"{path}: {wrong}")
            failed = True
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
