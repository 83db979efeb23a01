"""Tests of the oracle itself: run `python3 -m unittest` in this folder."""
import collections
import contextlib
import datetime
import io
import json
import os
import tempfile
import unittest
from fractions import Fraction
from pathlib import Path
from unittest import mock

import compare
import oracle
import random_workspaces

FAKE = Path(__file__).with_name("fake_invoicer.py")
HOLIDAYS = oracle.read_holidays()
DEFAULTS = {name: values[0] for name, values in oracle.READINGS.items()}
EXAMPLE = compare.WORKED_EXAMPLE["files"]


def outcome(files, month="202208", **readings):
    with tempfile.TemporaryDirectory() as folder:
        random_workspaces.write({name: one if isinstance(one, bytes) else one.encode() for name, one in files.items()}, folder)
        return oracle.outcome(folder, month, HOLIDAYS, {name.replace("_", "-"): value for name, value in readings.items()})


def example(rows=None, header="imsi,vpgId,date,billItemName,unitPrice,quantity,amount,name,customer", settings="", acme="",
            bravo="", replace=()):
    """The worked example with other rows (a list of CSV lines), or with TOML appended."""
    files = dict(EXAMPLE)
    for old, new in replace:
        assert old in files["invoicer.toml"]
        files["invoicer.toml"] = files["invoicer.toml"].replace(old, new)
    files["invoicer.toml"] += settings
    files["customers/acme.toml"] += acme
    files["customers/bravo.toml"] += bravo
    if rows is not None:
        files["billing/202208/soracom.csv"] = "\n".join([header, *rows]) + "\n"
    return files


def amounts(result, customer):
    return [(one["kind"], one["name"], oracle.plain(one["amount"])) for one in result["customers"][customer]["items"]]


class WorkedExample(unittest.TestCase):
    def test_every_printed_figure(self):
        self.assertEqual(compare.check_worked_example(outcome(EXAMPLE)), [])

    def test_the_shares_of_the_discount(self):
        result = outcome(EXAMPLE)
        parts = {one: [oracle.plain(detail["cost"]) for detail in figures["details"] if detail["kind"] == "discount"]
                 for one, figures in result["customers"].items()}
        self.assertEqual(parts, {"acme": ["-31.4073"], "bravo": ["-15.0927"]})

    def test_exact_details(self):
        found = [oracle.plain(one["amount"]) for one in outcome(EXAMPLE)["customers"]["acme"]["details"]]
        self.assertEqual(found, ["356.5", "0.23", "14.2025", "-36.118395"])

    def test_tax_vectors(self):
        for name, taxable, tax in compare.TAX_VECTORS:
            with self.subTest(name):
                self.assertEqual(compare.check_tax_vector(outcome(compare.tax_vector_files(taxable)), taxable, tax), [])

    def test_tax_vectors_are_those_of_the_published_file(self):
        path = Path(__file__).resolve().parent.parent / "data" / "nta-vectors.json"
        if not path.exists():
            self.skipTest("the file is not here")
        published = [(one["in"], one["tax"]) for one in json.loads(path.read_text()) if one["mode"] == "excl"]
        self.assertEqual(published, [(taxable, tax) for _, taxable, tax in compare.TAX_VECTORS])


class Numbers(unittest.TestCase):
    def test_plain_and_exponent(self):
        for text, value in (("1.9E-7", "0.00000019"), ("1E+3", "1000"), ("-0", "0"), (".5", "0.5"), ("5.", "5"), ("+2e0", "2"),
                            ("1234567890123456789012345.678", "1234567890123456789012345.678")):
            self.assertEqual(oracle.plain(oracle.number(text)), value)
        for text in ("", "-", "1,000", "１", "1e", "0x1", " 1", "1\n", "NaN"):
            with self.assertRaises(oracle.Refused):
                oracle.number(text)

    def test_settings_are_never_floats(self):
        self.assertEqual(oracle.setting("12.5%"), Fraction(1, 8))
        self.assertEqual(oracle.setting(330), 330)
        for value in (0.15, True):
            with self.assertRaises(oracle.Refused):
                oracle.setting(value)

    def test_rounding_is_on_the_absolute_value(self):
        table = {"up": ("1", "1", "2", "2", "3", "3"), "down": ("0", "0", "1", "1", "2", "2"),
                 "half-up": ("0", "1", "1", "2", "2", "3"), "half-even": ("0", "0", "1", "2", "2", "2")}
        values = ("0.4", "0.5", "1.4", "1.5", "2.4", "2.5")
        for mode, wanted in table.items():
            for value, result in zip(values, wanted):
                self.assertEqual(oracle.plain(oracle.rounded(oracle.number(value), mode, 0)), result, (mode, value))
                self.assertEqual(oracle.rounded(-oracle.number(value), mode, 0), -oracle.number(result), (mode, value))
            self.assertEqual(oracle.rounded(Fraction(3), mode, 0), 3)
        self.assertEqual(oracle.plain(oracle.rounded(oracle.number("1.005"), "half-even", 2)), "1")

    def test_decimals_drop_trailing_zeros(self):
        for text, places in (("1.50", 1), ("1E+2", 0), ("1.9E-7", 8), ("0.000", 0), ("0.125", 3)):
            self.assertEqual(oracle.decimals(oracle.number(text)), places)


class Globs(unittest.TestCase):
    def test_table(self):
        for pattern, text, wanted in (("*", "", True), ("*", "a/b\nc", True), ("a*c", "abbc", True), ("a*c", "abcd", False),
                                      ("?", "が", True), ("が", "か\u3099", True), ("?", "か\u3099", True), ("A", "a", False),
                                      ("[ab]", "a", False), ("[ab]", "[ab]", True), ("a*b*c", "aXbYbZc", True), ("", "", True),
                                      ("??", "a", False), ("*a", "ba", True), ("*a", "ab", False)):
            self.assertEqual(oracle.glob(pattern, text), wanted, (pattern, text))

    def test_an_absent_tag_matches_only_the_empty_pattern(self):
        rows = [",v,20220801,vpg,1,1,10,,", "1,,20220801,basicCharge,1,1,10,,acme"]
        self.assertEqual(outcome(example(rows, acme='[[match]]\ntag = { customer = "*" }\n'))["refused"], "unassigned")
        result = outcome(example(rows, acme='[[match]]\ntag = { customer = "" }\n'))
        self.assertEqual(result["customers"]["acme"]["details_count"], 2)


class Split(unittest.TestCase):
    def check(self, value, ratios, wanted):
        found = oracle.split(oracle.number(value), {one: Fraction(ratio) for one, ratio in ratios.items()})
        self.assertEqual({one: oracle.plain(part) for one, part in found.items()}, wanted)

    def test_thirds_give_the_rest_to_the_smaller_id(self):
        self.check("1", {"c": 1, "b": 1, "a": 1}, {"a": "0.3334", "b": "0.3333", "c": "0.3333"})
        self.check("-0.0002", {"b": 1, "a": 1, "c": 1}, {"a": "-0.0001", "b": "-0.0001", "c": "0"})

    def test_the_charge_may_have_more_than_four_decimals(self):
        self.check("0.0000001", {"a": 1, "b": 2}, {"a": "0", "b": "0.0000001"})


class Csv(unittest.TestCase):
    def test_mark_order_duplicates_newlines(self):
        content = ('\ufeffamount,customer,billItemName,date,imsi,note,amount\r\n'
                   '1.9E-7,acme,basicCharge,20220801,1,"a\r\nb ""c"", d",x\r\n').encode()
        files = {**EXAMPLE, "billing/202208/soracom.csv": content}
        files["customers/acme.toml"] = ('name = "A"\n[[match]]\ntag = { customer = "acme", amount = "x", '
                                        'note = "a\\r\\n?\\"c\\", d" }\n').replace("?", "b ")
        result = outcome(files)
        self.assertEqual(oracle.plain(result["customers"]["acme"]["cost"]), "0.00000019")

    def test_group_name_or_id(self):
        header = "imsi,date,billItemName,quantity,amount,groupId,groupName"
        rows = ["1,20220801,basicCharge,1,10,id-1,acme-field", "2,20220801,basicCharge,1,10,id-2,acme-field"]
        files = example(rows, header, acme='[[match]]\ngroup = "id-1"\n', bravo='[[match]]\ngroup = "acme*"\npriority = -1\n')
        result = outcome(files)
        self.assertEqual([len(result["customers"][one]["details"]) for one in ("acme", "bravo")], [1, 1])

    def test_overlapping_files(self):
        files = example(["1,,20220801,basicCharge,1,1,10,,acme"])
        files["billing/202208/soracom-2.csv"] = files["billing/202208/soracom.csv"]
        self.assertEqual(outcome(files)["refused"], "duplicate-row")

    def test_header_only(self):
        result = outcome(example([], acme='[[fee]]\nname = "保守"\namount = "5000"\nper = "month"\n'))
        self.assertEqual(amounts(result, "acme"), [("fee", "保守", "5000")])
        self.assertNotIn("bravo", result["customers"])


class Allocation(unittest.TestCase):
    def test_priority(self):
        rows = ["1,,20220801,basicCharge,1,1,10,,acme"]
        self.assertEqual(outcome(example(rows, bravo='[[match]]\nitem = "*"\n'))["refused"], "claimed-twice")
        result = outcome(example(rows, bravo='[[match]]\nitem = "*"\npriority = 1\n'))
        self.assertEqual(list(result["customers"]), ["bravo"])

    def test_inactive_customer_claims_nothing(self):
        files = example(["1,,20220801,basicCharge,1,1,10,,acme"])
        files["customers/acme.toml"] = 'active = { until = "202207" }\n' + files["customers/acme.toml"]
        self.assertEqual(outcome(files)["refused"], "unassigned")

    def share(self, rule, wanted):
        rows = ["1,,20220801,basicCharge,,3,30,,acme", "2,,20220801,basicCharge,,1,30,,acme", "3,,20220801,data,,6,40,,bravo",
                ",v,20220801,vpg,,8,100,,"]
        result = outcome(example(rows, settings=f'[[allocation.share]]\nmatch = {{ resource = "v*" }}\n{rule}\n'))
        if isinstance(wanted, str):
            self.assertEqual(result.get("refused"), wanted)
            return
        found = [oracle.plain(detail[key]) for figures in result["customers"].values() for detail in figures["details"]
                 for key in ("cost", "quantity") if detail["name"] == "vpg"]
        self.assertEqual(found, wanted)

    def test_shares(self):
        self.share('by = "amount"', ["60", "4.8", "40", "3.2"])
        self.share('by = "quantity"', ["40", "3.2", "60", "4.8"])
        self.share('by = "resources"', ["66.6667", "5.3333", "33.3333", "2.6667"])
        self.share('by = "even"', ["50", "4", "50", "4"])
        self.share('by = "amount"\nof = { item = "data" }', ["100", "8"])
        self.share('weights = { acme = 1, bravo = 3 }', ["25", "2", "75", "6"])
        self.share('by = "amount"\nof = { item = "none" }', "share-ratio-zero")
        self.share('weights = { acme = 0 }', "share-ratio-zero")

    def test_unassigned_kept(self):
        rows = ["1,,20220801,basicCharge,1,1,10,,acme", "9,,20220801,basicCharge,1,1,2.5,,nobody"]
        self.assertEqual(outcome(example(rows))["refused"], "unassigned")
        result = outcome(example(rows, settings='[allocation]\nunassigned = "keep"\n'))
        self.assertEqual(oracle.plain(result["conservation"]["kept"]), "2.5")


class Pricing(unittest.TestCase):
    ROW = "1,,20220801,data,1,1500,10,,acme"

    def test_customer_rules_come_first_and_months_count(self):
        workspace = '[[pricing.rule]]\nitem = "*"\nmarkup = "100%"\n'
        own = ('[[pricing.rule]]\nitem = "*"\nmarkup = "900%"\nfrom = "202209"\n'
               '[[pricing.rule]]\nitem = "d*"\nunit-price = "0.2"\nuntil = "202208"\n')
        result = outcome(example([self.ROW], settings=workspace, acme=own))
        self.assertEqual(amounts(result, "acme"), [("usage", "data", "300")])
        self.assertEqual(amounts(outcome(example([self.ROW], settings=workspace)), "acme"), [("usage", "data", "20")])

    def test_tiers_run_over_the_month_in_the_order_of_dates(self):
        own = '[pricing]\nround-at = "line"\n[[pricing.rule]]\nitem = "data"\ntiers = [{ up-to = "1000", unit-price = "0.3" }, { unit-price = "0.1" }]\n'
        rows = ["1,,20220802,data,1,1500,10,,acme", "1,,20220801,data,1,999,10,,acme"]
        details = outcome(example(rows, acme=own))["customers"]["acme"]["details"]
        self.assertEqual([oracle.plain(one["amount"]) for one in details], ["151", "300"])

    def test_discounts(self):
        rows = ["1,,20220801,data,1,1,100,,acme", "1,,202208,free,,2,-10.5,,acme"]
        rule = '[[pricing.rule]]\nitem = "*"\nunit-price = "50"\n[[pricing.rule]]\nitem = "free"\nmarkup = "30%"\n'
        for setting, wanted in (("marked-up", ("discount", "free", "-14")), ("at-cost", ("discount", "free", "-11")), ("keep", None)):
            result = outcome(example(rows, settings=rule, replace=[('"marked-up"', f'"{setting}"')]))
            self.assertEqual(amounts(result, "acme"), [("usage", "data", "50")] + ([wanted] if wanted else []))
            self.assertEqual(oracle.plain(result["conservation"]["kept"]), "0" if wanted else "-10.5")
        result = outcome(example(rows, settings=rule), discount_rule="first-rule")
        self.assertEqual(amounts(result, "acme")[1], ("discount", "free", "-13"))

    def test_round_at(self):
        rows = ["1,,20220801,data,1,1,1.1,,acme", "1,,20220802,data,1,1,1.1,,acme", "1,,20220802,other,1,1,1.1,,acme"]
        for where, wanted in (("line", ["4", "2"]), ("item", ["3", "2"]), ("invoice", ["2.53", "1.265", "0.205"])):
            result = outcome(example(rows, replace=[('round-at = "item"', f'round-at = "{where}"')]))
            self.assertEqual([amount for _, _, amount in amounts(result, "acme")], wanted)

    def test_minimum_and_fees(self):
        rows = ["1,,20220801,data,1,1,10,,acme", "2,,20220801,data,1,1,10,,acme"]
        own = ('[pricing]\nminimum = "1000"\n[[fee]]\nname = "SIM"\namount = "100"\nper = "resource"\ntax-category = "exempt"\n'
               '[[fee]]\nname = "later"\namount = "9"\nper = "month"\nfrom = "202209"\n')
        result = outcome(example(rows, acme=own))
        self.assertEqual(amounts(result, "acme"), [("usage", "data", "23"), ("fee", "SIM", "200"), ("minimum", None, "777")])
        self.assertEqual(result["customers"]["acme"]["total"], 1080)

    def test_foreign_currency(self):
        files = example(["1,,20220801,data,1,1,1.23,,acme"])
        # The last currency in the file is the source's.
        files["invoicer.toml"] = files["invoicer.toml"].rpartition('"JPY"')[0] + '"USD"\n'
        self.assertEqual(outcome(files)["refused"], "missing-fx")
        files["invoicer.toml"] += '[[fx]]\nmonth = "202208"\nfrom = "USD"\nto = "JPY"\nrate = "138.70"\n'
        result = outcome(files)
        self.assertEqual(oracle.plain(result["customers"]["acme"]["cost"]), "170.601")
        self.assertEqual(amounts(result, "acme"), [("usage", "data", "197")])
        self.assertEqual(oracle.plain(result["sources"][0]["total_with_tax"]), "1.36")

    def test_negative_subtotal(self):
        rows = ["1,,20220801,data,1,1,10,,acme", "1,,202208,credit,,,-20,,acme"]
        self.assertEqual(outcome(example(rows))["refused"], "negative-subtotal")


class TaxAndDates(unittest.TestCase):
    def test_rates(self):
        for month, standard in (("201403", 5), ("201404", 8), ("201909", 8), ("201910", 10)):
            self.assertEqual(oracle.tax_rate("standard", month), Fraction(standard, 100))
        self.assertEqual(oracle.tax_rate("reduced", "201910"), Fraction(8, 100))
        self.assertIsNone(oracle.tax_rate("exempt", "202208"))
        with self.assertRaises(oracle.Refused):
            oracle.tax_rate("reduced", "201909")

    def test_dates(self):
        for text, month, wanted in (("month-end", "202402", "2024-02-29"), ("next-month-end", "202212", "2023-01-31"),
                                    ("next-month-1", "202212", "2023-01-01"), ("next-month-31", "202208", "2022-09-30"),
                                    ("2022-10-05", "202208", "2022-10-05")):
            self.assertEqual(oracle.resolve_date(text, month).isoformat(), wanted)
        self.assertEqual(oracle.resolve_date("+30d", "202208", datetime.date(2022, 9, 1)), datetime.date(2022, 10, 1))

    def test_bank_days(self):
        for day, direction, wanted in (("2022-12-31", "next", "2023-01-04"), ("2023-01-03", "previous", "2022-12-30"),
                                       ("2022-09-23", "next", "2022-09-26"), ("2022-09-23", "none", "2022-09-23"),
                                       ("2022-09-30", "next", "2022-09-30"), ("2019-04-28", "next", "2019-05-07")):
            found = oracle.bank_day(datetime.date.fromisoformat(day), direction, HOLIDAYS)
            self.assertEqual(found.isoformat(), wanted, (day, direction))


class RandomWorkspaces(unittest.TestCase):
    def test_same_seed_same_bytes(self):
        self.assertEqual(random_workspaces.build(7), random_workspaces.build(7))

    def test_they_reach_everything(self):
        reached = collections.Counter()
        for seed in range(300):
            month, files = random_workspaces.build(seed)
            result = outcome(files, month)
            reached[result.get("refused", "built")] += 1
            for figures in result.get("customers", {}).values():
                reached.update({item["kind"] for item in figures["items"]} | {item["tax_category"] for item in figures["items"]} |
                               {figures["currency"]})
        for name in ("unassigned", "claimed-twice", "negative-subtotal", "missing-fx", "share-ratio-zero", "duplicate-row",
                     "usage", "discount", "fee", "minimum", "rounding", "standard", "reduced", "exempt", "non-taxable",
                     "out-of-scope", "JPY", "USD"):
            self.assertTrue(reached[name], name)
        self.assertGreater(reached["built"], 220)


class Compare(unittest.TestCase):
    def run_compare(self, *arguments, **environment):
        said = io.StringIO()
        with mock.patch.dict(os.environ, environment), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = compare.main(["--binary", str(FAKE), "--seeds", "0..4", *arguments])
        return code, said.getvalue()

    def test_equal(self):
        self.assertEqual(self.run_compare(), (0, "11 passed, 0 failed\n"))

    def test_faults_are_seen(self):
        for fault, words in (("crash", "exit code 101"), ("total", "acme: total: oracle 369, program 369.00000000000000000001"),
                             ("drop-detail", "number of details"), ("no-items", "promised form"), ("float", "not a string"),
                             ("row-order", "depends on the order of rows"), ("writes-refused", "refused, yet")):
            with self.subTest(fault):
                code, said = self.run_compare(FAKE_FAULT=fault)
                self.assertEqual(code, 1)
                self.assertIn(words, said)
                self.assertRegex(said.splitlines()[-1], r"\A\d+ passed, [1-9]\d* failed\Z")

    def test_another_reading_is_named(self):
        code, said = self.run_compare("--seeds", "0..12", FAKE_READING="fee-resources=all")
        self.assertEqual(code, 1)
        self.assertIn("equal with --reading fee-resources=all", said)
        code, _ = self.run_compare("--seeds", "0..12", "--reading", "fee-resources=all", FAKE_READING="fee-resources=all")
        self.assertEqual(code, 0)

    def test_no_program(self):
        self.assertEqual(self.run_compare("--binary", "/nowhere")[0], 2)


if __name__ == "__main__":
    unittest.main()
