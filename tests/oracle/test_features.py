"""Vectors, worked out by hand, of adjustments, assignments, prices with tax, tiers and dates; and their random workspaces."""
import collections
import contextlib
import datetime
import io
import os
import random
import unittest
from fractions import Fraction
from unittest import mock

import assignments
import compare
import oracle
import random_features
import random_workspaces
from figures import plain
from test_oracle import FAKE, FX, amounts, example, outcome

HEADER = "imsi,vpgId,date,billItemName,unitPrice,quantity,amount,name,customer"
AT_COST = [('"15%"', '"0%"')]


def rows_of(result, customer="acme"):
    """The tax table: category, rate in percent, taxable, tax."""
    return [(one["category"], None if one["rate"] is None else int(one["rate"] * 100), int(one["taxable"]), int(one["tax"]))
            for one in result["customers"][customer]["tax_subtotals"]]


class Adjustments(unittest.TestCase):
    ROWS = ["1,,20220801,data,,1,10005,,acme", "1,,20220801,roaming,,1,995,,acme"]
    EXEMPT = '[[tax.rule]]\nitem = "roaming"\ncategory = "exempt"\n'

    def adjusted(self, text, rows=None, month="202208", **keys):
        files = example(self.ROWS if rows is None else rows, settings=self.EXEMPT, replace=AT_COST, **keys)
        files[f"adjustments/{month}.toml"] = text
        return outcome(files)

    def table(self, **keys):
        keys = {"id": "a", "customer": "acme", "name": "n", **keys}
        return "[[adjustment]]\n" + "".join(f"{key.replace('_', '-')} = {value if isinstance(value, int) or value.startswith('{') else repr(value)}\n"
                                            for key, value in keys.items())

    def test_a_discount_in_percent_is_never_of_mixed_rates(self):
        # −1000.5 and −99.5, up: −1,001 and −100; taxable 9,004 and 895; tax 900.4, up: 901.
        result = self.adjusted(self.table(percent="-10%", of='{ item = "*" }'))
        self.assertEqual(amounts(result, "acme")[2:], [("discount", "n", "-1001"), ("discount", "n", "-100")])
        self.assertEqual(rows_of(result), [("exempt", None, 895, 0), ("standard", 10, 9004, 901)])
        self.assertEqual(result["customers"]["acme"]["total"], 10800)

    def test_quantity_and_cost(self):
        # 12 × 1500 = 18,000; 2.5 × 0.3 = 0.75, up: 1. The customer has nothing else: 18,001, tax 1,800.1 up to 1,801.
        result = self.adjusted(self.table(quantity="12", unit_price="1500", cost="9000") + self.table(id="b", name="m", quantity="2.5", unit_price="0.3"),
                               rows=[])
        self.assertEqual(amounts(result, "acme"), [("adjustment", "n", "18000"), ("adjustment", "m", "1")])
        figures = result["customers"]["acme"]
        self.assertEqual([figures[name] for name in ("subtotal", "tax", "margin")], [18001, 1801, 9001])
        self.assertEqual(figures["adjustments"], {"count": 2, "amount": 18001, "cost": 9000})
        self.assertEqual(list(result["customers"]), ["acme"])

    def test_percent_measures_amounts_and_never_percents(self):
        # Of 10,005 + 100: 1010.5, up 1,011. The exempt 995: 99.5, up 100. Twice the same, since neither counts the other.
        two = self.table(amount="100") + "".join(self.table(id=one, name=one, percent="10%", of='{ item = "*" }') for one in "bc")
        self.assertEqual([amount for _, _, amount in amounts(self.adjusted(two), "acme")],
                         ["10005", "995", "100", "1011", "100", "1011", "100"])
        # What `of` leaves out: the kinds of fees and adjustments.
        one = self.table(amount="100") + self.table(id="b", name="b", percent="10%", of='{ kind = "usage", item = "d*" }')
        self.assertEqual(amounts(self.adjusted(one), "acme")[-1], ("adjustment", "b", "1001"))

    def test_supply_of_an_earlier_month(self):
        # 8 % until September 2019: 1,000 bear 80; 10,005 bear 1,000.5, up 1,001. Of August 2022 there would be one row.
        result = self.adjusted(self.table(amount="1000", supply="201909"))
        self.assertEqual(rows_of(result), [("exempt", None, 995, 0), ("standard", 8, 1000, 80), ("standard", 10, 10005, 1001)])
        self.assertEqual(len(rows_of(self.adjusted(self.table(amount="1000", supply="202207")))), 2)

    def test_the_minimum(self):
        # 11,000 and 500: 12,000 lack 500; without the adjustment 1,000.
        for excluded, wanted in (("", "500"), ('minimum-excludes = ["adjustment"]\n', "1000")):
            result = self.adjusted(self.table(amount="500"), acme=f'[pricing]\nminimum = "12000"\n{excluded}')
            self.assertEqual(amounts(result, "acme")[-1], ("minimum", None, wanted))
        # −500: 10,500 lack 1,500; without it 1,000, and the customer pays 11,500.
        for excluded, wanted in (("", "1500"), ('minimum-excludes = ["adjustment"]\n', "1000")):
            result = self.adjusted(self.table(amount="-500"), acme=f'[pricing]\nminimum = "12000"\n{excluded}')
            self.assertEqual(amounts(result, "acme")[-1], ("minimum", None, wanted))

    def test_foreign_money(self):
        # 1.23 USD × 138.70 = 170.601, up 171. 3 × 0.333 USD × 138.70 = 138.5613, up 139: rounded once, after everything.
        usd = self.table(amount="1.23", currency="USD") + self.table(id="b", name="m", quantity="3", unit_price="0.333", currency="USD")
        files = example(self.ROWS, settings=self.EXEMPT + FX.format("USD", "JPY", "138.70"), replace=AT_COST)
        result = outcome({**files, "adjustments/202208.toml": usd})
        self.assertEqual([amount for _, _, amount in amounts(result, "acme")[2:]], ["171", "139"])

    def test_the_order_of_the_tables_changes_nothing(self):
        tables = [self.table(id=f"i{at}", name=f"n{at}", **keys) for at, keys in enumerate((
            {"amount": "100"}, {"percent": "-10%", "of": '{ item = "*" }'}, {"amount": "7", "tax_category": "exempt"},
            {"percent": "5%", "of": '{ kind = "adjustment" }'}, {"quantity": "3", "unit_price": "0.5", "supply": "201909"}))]
        results = []
        for seed in range(6):
            random.Random(seed).shuffle(tables)
            results.append(sorted(amounts(self.adjusted("".join(tables)), "acme")))
        self.assertTrue(all(one == results[0] for one in results))

    def test_csv(self):
        files = example(self.ROWS, settings=self.EXEMPT, replace=AT_COST)
        files["adjustments/202208-a.csv"] = ("\ufeffid,customer,name,quantity,unit,unit-price,amount,percent,of,tax-category,date,supply,cost,note\n"
                                             "x,acme,parts,2,pcs,150,,,,exempt,2022-08-15,,200,\n")
        self.assertEqual(amounts(outcome(files), "acme")[-1], ("adjustment", "parts", "300"))

    def test_a_discount_with_tax_takes_off_what_is_billed_without(self):
        # 10,005 and -1,100 with tax, of which 100 are tax: 9,005 are left of standard at 10 %, in two rows. With -11,006, of which
        # 1,000.5, up 1,001, are tax: -10,005 and 0 are left. With one more of a yen and its tax, it is below zero.
        result = self.adjusted(self.table(amount="-1100", tax="included"))
        self.assertEqual(rows_of(result), [("exempt", None, 995, 0), ("standard", 10, 10005, 1001), ("standard", 10, -1000, -100)])
        self.assertEqual(result["customers"]["acme"]["total"], 995 + 11006 - 1100)
        self.assertEqual(rows_of(self.adjusted(self.table(amount="-11006", tax="included")))[-1], ("standard", 10, -10005, -1001))
        self.assertEqual(self.adjusted(self.table(amount="-11007", tax="included"))["detail"], "acme: standard -1")

    def test_rounding_alone_below_zero_is_lifted(self):
        # Twice -7.5, up -8: 15 - 16 = -1, of which nothing is left before rounding. With -0.5 more, up -1, that is below zero.
        rows = ["1,,20220801,data,,1,15,,acme"]
        half = "".join(self.table(id=one, name=one, percent="-50%", of='{ kind = "usage" }') for one in "ab")
        result = self.adjusted(half, rows=rows)
        self.assertEqual(amounts(result, "acme")[1:], [("discount", "a", "-8"), ("discount", "b", "-8"), ("rounding", None, "1")])
        self.assertEqual(result["customers"]["acme"]["subtotal"], 0)
        unit = self.table(id="c", name="c", quantity="-1", unit_price="0.5")
        self.assertEqual(self.adjusted(half + unit, rows=rows)["detail"], "acme: -0.5")
        # A fee in percent and one of a quantity are as exact: 15 - 7.5 - 2.5 × 3.
        fees = '[[fee]]\nname = "f"\npercent = "-50%"\nof = { kind = "usage" }\n[[fee]]\nname = "g"\namount = "-3"\nquantity = "2.5"\n'
        self.assertEqual(self.adjusted("", rows=rows, acme=fees)["customers"]["acme"]["subtotal"], 0)

    def test_sums_are_before_tax(self):
        # 1,100 and 500 with tax, of which 100 and 45.45, up 46: 1,000 + 454 + 7.
        three = (self.table(amount="1100", tax="included", cost="300") + self.table(id="b", name="b", amount="500", tax="included")
                 + self.table(id="c", name="c", amount="7"))
        self.assertEqual(self.adjusted(three)["customers"]["acme"]["adjustments"], {"count": 3, "amount": 1461, "cost": 300})

    def test_every_category_is_examined(self):
        # Standard -100 is the provider's doing and no refusal; exempt 995 - 1,000 is the adjustment's.
        rows = ["1,,20220801,campaign,,,-100,,acme", "1,,20220801,roaming,,1,995,,acme", "1,,20220801,food,,1,1000,,acme"]
        food = '[[tax.rule]]\nitem = "food"\ncategory = "reduced"\n'
        files = example(rows, settings=self.EXEMPT + food, replace=AT_COST)
        self.assertEqual(rows_of(outcome(files)), [("exempt", None, 995, 0), ("reduced", 8, 1000, 80), ("standard", 10, -100, -10)])
        files["adjustments/202208.toml"] = self.table(amount="-1000", tax_category="exempt")
        self.assertEqual(outcome(files)["detail"], "acme: exempt -5")

    def test_refused(self):
        for text, kind in ((self.table(amount="1", customer="acm"), "unknown-customer"), (self.table(amount="1") * 2, "adjustment-id"),
                           (self.table(amount="1", id="a b"), "adjustment-id"), (self.table(amount="1", id="a" * 65), "adjustment-id"),
                           (self.table(amount="1", date="2022-09-01"), "adjustment-date"), (self.table(amount="1", supply="202209"), "adjustment-supply"),
                           (self.table(amount="1", percent="5%"), "adjustment-kind"), (self.table(), "adjustment-kind"),
                           (self.table(quantity="1"), "adjustment-kind"), (self.table(percent="-100.1%"), "adjustment-percent"),
                           (self.table(percent="1001%"), "adjustment-percent"), (self.table(amount="0"), "adjustment-amount"),
                           (self.table(amount="0.5"), "adjustment-amount"), (self.table(percent="5%", of='{ item = "x" }'), "percent-of-nothing"),
                           (self.table(amount="-996", tax_category="exempt"), "negative-subtotal")):
            self.assertEqual(self.adjusted(text).get("refused"), kind, text)
        files = example(self.ROWS, settings=self.EXEMPT)
        files["customers/bravo.toml"] = 'active = { until = "202207" }\n' + files["customers/bravo.toml"]
        files["adjustments/202208.toml"] = self.table(amount="1", customer="bravo")
        self.assertEqual(outcome(files)["refused"], "inactive-customer")
        # Of another month, the same file is nobody's business.
        self.assertNotIn("refused", self.adjusted(self.table(amount="0"), month="202209"))


class Fees(unittest.TestCase):
    def items(self, fees, **keys):
        rows = ["1,,20220801,data,,1,10005,,acme", "1,,20220801,roaming,,1,995,,acme"]
        return amounts(outcome(example(rows, settings=Adjustments.EXEMPT, replace=AT_COST, acme=fees, **keys)), "acme")[2:]

    def test_percent(self):
        # 300.15 and 29.85, up: 301 and 30. With a fee of 100: 10,105 give 303.15, up 304.
        self.assertEqual(self.items('[[fee]]\nname = "f"\npercent = "3%"\nof = { item = "*" }\n'), [("fee", "f", "301"), ("fee", "f", "30")])
        self.assertEqual(self.items('[[fee]]\nname = "f"\npercent = "3%"\nof = { item = "*" }\n[[fee]]\nname = "g"\namount = "100"\nper = "month"\n'),
                         [("fee", "g", "100"), ("fee", "f", "304"), ("fee", "f", "30")])
        self.assertEqual(self.items('[[fee]]\nname = "f"\npercent = "-3%"\nof = { item = "data" }\n'), [("discount", "f", "-301")])

    def test_quantity_and_below_zero(self):
        self.assertEqual(self.items('[[fee]]\nname = "f"\namount = "500"\nquantity = "3"\n[[fee]]\nname = "g"\namount = "-5"\n'),
                         [("fee", "f", "1500"), ("discount", "g", "-5")])
        # Twelve times 7 for the one resource.
        self.assertEqual(self.items('[[fee]]\nname = "f"\namount = "7"\nquantity = "12"\nper = "resource"\n'), [("fee", "f", "84")])
        # 333 × 1.5 = 499.5, up.
        self.assertEqual(self.items('[[fee]]\nname = "f"\namount = "333"\nquantity = "1.5"\n'), [("fee", "f", "500")])


class TaxIncluded(unittest.TestCase):
    def test_980_is_980(self):
        # 980 × 10 / 110 = 89.09…, up 90: taxable 890.
        for mode, taxable, tax in (("up", 890, 90), ("down", 891, 89), ("half-up", 891, 89)):
            result = outcome(example([], acme='[[fee]]\nname = "f"\namount = "980"\ntax = "included"\n', replace=[
                ('[tax]\nrounding = "up"', f'[tax]\nrounding = "{mode}"')]))
            self.assertEqual(rows_of(result), [("standard", 10, taxable, tax)], mode)
            self.assertEqual([result["customers"]["acme"][name] for name in ("subtotal", "total")], [taxable, 980])

    def test_the_tax_agencys_example(self):
        # 60,000 at 10 % and 40,000 at 8 %: 5,454.5… and 2,962.9…, cut.
        own = "".join(f'[[fee]]\nname = "{name}"\namount = "{amount}"\ntax = "included"\ntax-category = "{category}"\n' for name, amount, category in (
            ("a", 45000, "standard"), ("b", 15000, "standard"), ("c", 40000, "reduced")))
        result = outcome(example([], acme=own, replace=[('[tax]\nrounding = "up"', '[tax]\nrounding = "down"')]))
        self.assertEqual(rows_of(result), [("reduced", 8, 37038, 2962), ("standard", 10, 54546, 5454)])
        self.assertEqual(result["customers"]["acme"]["total"], 100000)

    def test_both_kinds_in_one_rate_are_two_rows(self):
        # 3 × 980 = 2,940 with tax: 267.27…, up 268, 2,672. Without: 101, tax 10.1, up 11. Total 2,940 + 112.
        rows = ["1,,20220801,data,,3,1,,acme", "1,,20220801,other,,1,101,,acme"]
        result = outcome(example(rows, acme='[[pricing.rule]]\nitem = "data"\nunit-price = "980"\ntax = "included"\n', replace=AT_COST))
        self.assertEqual(rows_of(result), [("standard", 10, 101, 11), ("standard", 10, 2672, 268)])
        figures = result["customers"]["acme"]
        self.assertEqual([figures[name] for name in ("subtotal", "tax", "total")], [2773, 279, 3052])
        # A percentage of what includes tax includes it, too: −10 % of 2,940 and of 101.
        files = example(rows, acme='[[pricing.rule]]\nitem = "data"\nunit-price = "980"\ntax = "included"\n', replace=AT_COST)
        files["adjustments/202208.toml"] = '[[adjustment]]\nid = "a"\ncustomer = "acme"\nname = "n"\npercent = "-10%"\nof = { item = "*" }\n'
        result = outcome(files)
        # 101 − 11 = 90, tax 9; 2,646 × 10 / 110 = 240.54…, up 241.
        self.assertEqual(rows_of(result), [("standard", 10, 90, 9), ("standard", 10, 2405, 241)])

    def test_without_a_rate_nothing_is_included(self):
        result = outcome(example([], acme='[[fee]]\nname = "f"\namount = "980"\ntax = "included"\ntax-category = "exempt"\n'
                                          '[[fee]]\nname = "g"\namount = "20"\ntax-category = "exempt"\n'))
        self.assertEqual(rows_of(result), [("exempt", None, 1000, 0)])


class Tiers(unittest.TestCase):
    ROWS = ["1,,20220801,uploadDataCharge,,600,1,,acme", "1,,20220802,downloadDataCharge,,700,1,,acme", "1,,20220803,uploadDataCharge,,100,1,,acme"]

    def items(self, rule, rows=None, settings=""):
        rule = f'[[pricing.rule]]\nitem = "*loadDataCharge"\ntiers = [{{ up-to = "1000", unit-price = "0.5" }}, {{ unit-price = "0.1" }}]\n{rule}\n'
        return [amount for _, _, amount in amounts(outcome(example(rows or self.ROWS, acme=rule, settings=settings)), "acme")]

    def test_over_several_items(self):
        # Upload 600 × 0.5 + 100 × 0.1 = 310; download 400 × 0.5 + 300 × 0.1 = 230. Each on its own is below 1,000: 350 and 350.
        self.assertEqual(self.items("together = true"), ["310", "230"])
        self.assertEqual(self.items("together = false"), ["350", "350"])

    def test_units_must_agree(self):
        rule = '[[pricing.rule]]\nitem = "*Charge"\ntogether = true\ntiers = [{ unit-price = "1" }]\n'
        rows = ["1,,20220801,basicCharge,,2,1,,acme", "1,,20220801,harvestCharge,,3,1,,acme"]
        for units, wanted in ((("", ""), "units-differ"), (('unit = "a"', 'unit = "b"'), "units-differ"), (('unit = "a"', ""), "units-differ"),
                              (('unit = "a"', 'unit = "a"\nscale = "8"'), "units-differ"), (('unit = "a"', 'unit = "a"'), ["2", "3"])):
            tables = "".join(f'[[item]]\nitem = "{item}*"\n{unit}\n' for item, unit in zip(("basic", "harvest"), units))
            result = outcome(example(rows, acme=rule, settings=tables))
            self.assertEqual(result.get("refused") or [amount for _, _, amount in amounts(result, "acme")], wanted, units)

    def test_volume(self):
        # All 1,400 at 0.1; each on its own at 0.5. The last unit of a tier is in it.
        self.assertEqual(self.items('together = true\ntiering = "volume"'), ["70", "70"])
        self.assertEqual(self.items('tiering = "volume"'), ["350", "350"])
        rows = ["1,,20220801,uploadDataCharge,,400,1,,acme", "1,,20220802,downloadDataCharge,,600,1,,acme"]
        self.assertEqual(self.items('together = true\ntiering = "volume"', rows), ["200", "300"])

    def test_in_the_printed_unit(self):
        # 1,024 bytes are a kilobyte here: 1,000 kB at 0.5, then 0.1. 1536 kB: 500 + 53.6, up 554.
        rows = [f"1,,20220801,uploadDataCharge,,{1536 * 1024},1,,acme"]
        self.assertEqual(self.items('per = "kB"', rows, '[[item]]\nitem = "up*"\nunit = { ja = "kB", en = "kB" }\nscale = "1024"\n'), ["554"])
        # The unit that the provider documents: 2 MB at 0.5.
        rows = [f"1,,20220801,uploadDataCharge,,{2 * 1048576},1,,acme"]
        self.assertEqual(self.items('per = "MB"', rows), ["1"])
        rule = '[[pricing.rule]]\nitem = "up*"\nper = "GB"\ntiers = [{ unit-price = "1" }]\n'
        self.assertEqual(outcome(example(rows, acme=rule))["refused"], "other-unit")


class Claims(unittest.TestCase):
    FROM_11 = '[[match]]\nresource = "9"\nfrom = "2022-08-11"\n'
    UNTIL_10 = '[[match]]\nresource = "9"\nuntil = "2022-08-10"\n'

    def parts(self, rows, acme="", bravo="", settings="", files=None, month="202208", key="cost"):
        """What each customer bears of resource 9."""
        made = example(rows, HEADER, settings, acme, bravo)
        if month != "202208":
            made[f"billing/{month}/soracom.csv"] = made.pop("billing/202208/soracom.csv")
        result = outcome({**made, **(files or {})}, month)
        return result["refused"] if "refused" in result else {
            one: [plain(detail[key]) for detail in figures["details"] if detail["resource"] == "9"]
            for one, figures in result["customers"].items() if any(detail["resource"] == "9" for detail in figures["details"])}

    def test_by_the_day(self):
        rows = ["9,,20220810,data,,1,1,,", "9,,20220811,data,,1,2,,"]
        self.assertEqual(self.parts(rows, self.UNTIL_10, self.FROM_11), {"acme": ["1"], "bravo": ["2"]})

    def test_without_a_day(self):
        # 1000 × 10 / 31 = 322.58064…, × 21 / 31 = 677.41935…: the missing 0.0001 to the second.
        rows = ["9,,202208,data,,1,1000,,"]
        self.assertEqual(self.parts(rows, self.UNTIL_10, self.FROM_11), {"acme": ["322.5806"], "bravo": ["677.4194"]})
        self.assertEqual(self.parts(rows, self.UNTIL_10, self.FROM_11, key="quantity"), {"acme": ["0.3226"], "bravo": ["0.6774"]})
        for mode, wanted in (("first", {"acme": ["1000"]}), ("last", {"bravo": ["1000"]}), ("error", "month-only")):
            self.assertEqual(self.parts(rows, self.UNTIL_10, self.FROM_11, f'[allocation]\nmonth-only = "{mode}"\n'), wanted)
        self.assertEqual(self.parts(["9,,202208,data,,,-1000,,", "1,,20220801,data,,1,9000,,acme", "2,,20220801,data,,1,9000,,bravo"],
                                    self.UNTIL_10, self.FROM_11), {"acme": ["-322.5806"], "bravo": ["-677.4194"]})

    def test_three_holders_and_months_of_all_lengths(self):
        # In order: 1 day to acme, then bravo, and acme again on the last day.
        for month, last, acme, bravo in (("202302", 28, "71.4286", "928.5714"), ("202402", 29, "68.9655", "931.0345"),
                                         ("202211", 30, "66.6667", "933.3333"), ("202208", 31, "64.5161", "935.4839")):
            day = f"{month[:4]}-{month[4:]}"
            rules = [f'[[match]]\nresource = "9"\nfrom = "{day}-{first:02}"\nuntil = "{day}-{until:02}"\n' for first, until in ((1, 1), (2, last - 1), (last, last))]
            self.assertEqual(self.parts([f"9,,{month},data,,1,1000,,"], rules[0] + rules[2], rules[1], month=month), {"acme": [acme], "bravo": [bravo]})
        rules = ['[[match]]\nresource = "9"\nfrom = "2022-08-01"\nuntil = "2022-08-05"\n', '[[match]]\nresource = "9"\nfrom = "2022-08-06"\nuntil = "2022-08-16"\n']
        # Three of 5, 11 and 15 days of 31: 16.1290…32, 35.4838…7, 48.3870…97 of 100; the missing 0.0001 to the largest cut-off part.
        files = {"customers/c.toml": 'name = "C"\n[[match]]\nresource = "9"\nfrom = "2022-08-17"\n'}
        self.assertEqual(self.parts(["9,,202208,data,,1,100,,"], rules[0], rules[1], files=files), {"acme": ["16.129"], "bravo": ["35.4839"], "c": ["48.3871"]})

    def test_days_that_nobody_claims(self):
        rows = ["9,,202208,data,,1,31,,"]
        self.assertEqual(self.parts(rows, self.UNTIL_10), "unassigned")
        self.assertEqual(self.parts(rows, self.UNTIL_10, settings='[allocation]\nunassigned = "keep"\n'), {"acme": ["10"]})
        self.assertEqual(self.parts(rows, self.UNTIL_10, settings='[[allocation.share]]\nmatch = { resource = "9" }\nby = "even"\n'),
                         {"acme": ["10", "21"]})
        self.assertEqual(self.parts(["9,,20220811,data,,1,31,,"], self.UNTIL_10), "unassigned")

    def test_two_on_one_day(self):
        both = '[[match]]\nresource = "9"\nfrom = "2022-08-10"\n'
        self.assertEqual(self.parts(["9,,20220810,data,,1,1,,"], self.UNTIL_10, both), "claimed-twice")
        self.assertEqual(self.parts(["9,,202208,data,,1,1,,"], self.UNTIL_10, both), "claimed-twice")
        self.assertEqual(self.parts(["9,,20220809,data,,1,1,,"], self.UNTIL_10, both), {"acme": ["1"]})

    def test_files_come_before_tags(self):
        source = [('path = "billing/{month}/soracom*.csv"', 'path = "billing/{month}/soracom*.csv"\nassignments = "assignments/s*.csv"')]
        rows = ["9,,20220810,data,,1,1,,acme", "9,,20220811,data,,1,2,,acme"]
        files = example(rows, HEADER, replace=source)
        files["assignments/s-1.csv"] = "\ufeffresource,customer,from,until,plan,note\n9,bravo,2022-08-11,,,\n9,bravo,2022-08-20,2022-08-25,,\n"
        result = outcome(files)
        self.assertEqual({one: plain(figures["cost"]) for one, figures in result["customers"].items()}, {"acme": "1", "bravo": "2"})
        for row, kind in (("9,bravo,2022-08-12,2022-08-11", "until-before-from"), ("9,bravo,2022-02-30,", "bad-day"), ("9,nobody,,", "unknown-customer"),
                          ("9,acme,2022-08-31,", "claimed-twice")):
            files["assignments/s-2.csv"] = f"resource,customer,from,until\n{row}\n"
            self.assertEqual(outcome(files).get("refused"), kind, row)

    def test_shares_by_days(self):
        # Acme 10 of 31 days and a whole month: 41/31; bravo 21/31. Of 62: 41 and 21.
        rows = ["9,,20220805,data,,1,1,,", "9,,20220815,data,,1,1,,", "1,,20220815,data,,1,1,,acme", ",v,20220801,vpg,,1,62,,"]
        result = outcome(example(rows, HEADER, '[[allocation.share]]\nmatch = { resource = "v" }\nby = "resource-days"\n', self.UNTIL_10, self.FROM_11))
        self.assertEqual({one: [plain(detail["cost"]) for detail in figures["details"] if detail["resource"] == "v"]
                          for one, figures in result["customers"].items()}, {"acme": ["41"], "bravo": ["21"]})


class Prorated(unittest.TestCase):
    def test_thirty(self):
        for month, first, until, wanted in (("202302", 1, 10, 10), ("202302", 11, 28, 20), ("202402", 11, 29, 20), ("202208", 1, 30, 30),
                                            ("202208", 31, 31, 0), ("202208", 11, 31, 20), ("202211", 1, 30, 30), ("202302", 1, 28, 30)):
            held = {f"{month}{day:02}" for day in range(first, until + 1)}
            self.assertEqual(assignments.of_the_month(held, month, "thirty") * 30, wanted, (month, first, until))

    def test_the_parts_of_a_month_add_up(self):
        for month in ("202302", "202402", "202211", "202208"):
            days = assignments.days_of(month)
            for cut in range(len(days) + 1):
                for how in ("days", "thirty"):
                    self.assertEqual(assignments.of_the_month(set(days[:cut]), month, how) + assignments.of_the_month(set(days[cut:]), month, how), 1)

    def fee(self, how, mode="up"):
        rows = ["9,,20220805,data,,1,1,,", "9,,20220815,data,,1,1,,", "1,,20220815,data,,1,1,,bravo"]
        fee = f'[[fee]]\nname = "line"\namount = "800"\nper = "resource"\nprorate = "{how}"\n'
        result = outcome(example(rows, HEADER, "", Claims.UNTIL_10 + fee, Claims.FROM_11 + fee, [('rounding = "up"\nround-at', f'rounding = "{mode}"\nround-at')]))
        return [amounts(result, one)[-1][2] for one in ("acme", "bravo")]

    def test_fees(self):
        # 800 × 10 / 31 = 258.06…; × 21 / 31 = 541.93…, and 800 for the resource of the whole month. Thirty: 10 and 20 of 30.
        self.assertEqual(self.fee("days"), ["259", "1342"])
        self.assertEqual(self.fee("days", "down"), ["258", "1341"])
        self.assertEqual(self.fee("thirty"), ["267", "1334"])
        self.assertEqual(self.fee("none"), ["800", "1600"])

    def test_fees_of_a_quantity(self):
        # 3 × 800 × 10 / 31 = 774.19…, rounded once; × 21 / 31 = 1625.80…, and 2400 for the resource of the whole month.
        self.assertEqual(self.fee('days"\nquantity = "3'), ["775", "4026"])

    def test_a_customer_that_begins_within_the_month(self):
        fee = 'active = { from = "2022-08-11" }\nname = "C"\n[[fee]]\nname = "care"\namount = "3100"\nper = "month"\nprorate = "%s"\n'
        for how, wanted in (("days", "2100"), ("thirty", "2067")):
            result = outcome({**example([]), "customers/c.toml": fee % how})
            self.assertEqual(amounts(result, "c"), [("fee", "care", wanted)])


class Dates(unittest.TestCase):
    def test_months_ahead(self):
        for text, month, wanted in (("month+0-31", "202402", "2024-02-29"), ("month+1-1", "202212", "2023-01-01"), ("month+2-end", "202212", "2023-02-28"),
                                    ("month+6-30", "202208", "2023-02-28"), ("month+0-end", "202208", "2022-08-31"), ("month+1-29", "202301", "2023-02-28")):
            self.assertEqual(oracle.resolve_date(text, month).isoformat(), wanted, text)
        self.assertEqual(oracle.resolve_date("next-month-7", "202208"), datetime.date(2022, 9, 7))

    def test_periods_of_numbers(self):
        for month, wanted in (("202203", "2021-2022-22-03"), ("202204", "2022-2022-22-04")):
            files = example([], acme='[[fee]]\nname = "f"\namount = "1"\n', replace=[
                ('currency = "JPY"\n[pricing]', 'currency = "JPY"\nnumber = "{fiscal-year}-{year}-{yy}-{mm}"\n[pricing]')])
            files[f"billing/{month}/soracom.csv"] = files.pop("billing/202208/soracom.csv")
            self.assertEqual(outcome(files, month)["customers"]["acme"]["number"], wanted)

    def test_skip_zero(self):
        own = '[invoice]\nskip-zero = true\n[[fee]]\nname = "f"\namount = "%s"\n[[fee]]\nname = "g"\namount = "-5"\n'
        result = outcome(example([], acme=own % 5))
        self.assertEqual((result["customers"], result["skipped"]), ({}, ["acme"]))
        self.assertEqual(outcome(example([], acme=(own % 5).replace("true", "false")))["customers"]["acme"]["total"], 0)
        self.assertEqual(outcome(example([], acme=own % 6))["customers"]["acme"]["total"], 2)


class Taxes(unittest.TestCase):
    ROWS = ["1,,20220801,data,,1,100.10,,acme", "1,,20220801,room,,1,40,,acme", "2,,20220801,data,,1,10,,bravo"]
    RATES = ('[[tax.rate]]\ncategory = "standard"\nrate = "8.1%"\nfrom = "2022-08"\n'
             '[[tax.rate]]\ncategory = "standard"\nrate = "7.7%"\nfrom = "201801"\n'
             '[[tax.rate]]\ncategory = "standard"\nrate = "9%"\nfrom = "202209"\n'
             '[[tax.rate]]\ncategory = "lodging"\nrate = "0.037"\nfrom = "201801"\nname = "MwSt."\n'
             '[[tax.rule]]\nitem = "room"\ncategory = "lodging"\n')

    def taxed(self, regime, settings, month="202208", rows=None, **keys):
        replace = [*AT_COST, ('[tax]\n', f'[tax]\nregime = "{regime}"\n')]
        return outcome(example(self.ROWS if rows is None else rows, settings=settings, replace=replace, **keys), month)

    def test_dated_rates_of_ones_own(self):
        # 101 × 0.081 = 8.181, up: 9; 40 × 0.037 = 1.48, up: 2. The rate of September is not in force yet.
        result = self.taxed("custom", self.RATES)["customers"]["acme"]
        self.assertEqual([(one["category"], plain(one["rate"]), one["taxable"], one["tax"]) for one in result["tax_subtotals"]],
                         [("lodging", "0.037", 40, 2), ("standard", "0.081", 101, 9)])
        self.assertEqual(result["total"], 152)

    def test_without_tax(self):
        # A price that was agreed with tax is just a price.
        fee = '[[fee]]\nname = "f"\namount = "110"\nper = "month"\ntax = "included"\n'
        result = self.taxed("none", "", acme=fee)["customers"]["acme"]
        self.assertEqual((result["subtotal"], result["tax"], result["total"]), (251, 0, 251))
        self.assertEqual({one["tax_category"] for one in result["items"]}, {"out-of-scope"})

    def test_refused(self):
        for regime, settings, kind in (
                ("custom", "", "rates-and-regime"), ("japan", self.RATES, "rates-and-regime"), ("none", self.RATES, "rates-and-regime"),
                ("none", '[[tax.rule]]\nitem = "room"\ncategory = "exempt"\n', "unknown-category"),
                ("custom", self.RATES + '[[tax.rule]]\nitem = "x"\ncategory = "reduced"\n', "unknown-category"),
                ("custom", self.RATES + '[[tax.rate]]\ncategory = "lodging"\nrate = "1%"\nfrom = "2018-01"\n', "two-rates"),
                ("custom", self.RATES.replace("7.7%", "100%"), "bad-rate"), ("custom", self.RATES.replace("7.7%", "-1%"), "bad-rate"),
                ("custom", self.RATES.replace('"standard"', '"other"'), "no-rate"),
                ("custom", self.RATES.replace('"2022-08"', '"202210"').replace('"201801"', '"202211"'), "no-rate")):
            self.assertEqual(self.taxed(regime, settings).get("refused"), kind, settings)


class RandomFeatures(unittest.TestCase):
    def test_a_group_not_asked_for_changes_nothing(self):
        for seed in range(40):
            self.assertEqual(random_workspaces.build(seed), random_workspaces.build(seed, ()))
            self.assertEqual(random_workspaces.build(seed, ("adjustments",)), random_workspaces.build(seed, ("adjustments",)))

    def test_faults_are_refused(self):
        seeds = {}
        for seed in range(1500):
            builder = random_workspaces.Builder(seed, random_features.GROUPS)
            if fault := builder.features.fault:
                seeds.setdefault(fault, []).append(seed)
        self.assertEqual(set(seeds), {one for some in random_features.FAULTS.values() for one in some})
        for fault, some in seeds.items():
            refused = []
            for seed in some[:3]:
                builder = random_workspaces.Builder(seed, random_features.GROUPS)
                files = builder.build()
                # Where there is nobody to make it with, a fault is given up.
                refused.append(builder.features.fault is None or "refused" in outcome(files, builder.month))
            self.assertTrue(all(refused), (fault, some[:3], refused))

    def test_they_reach_everything(self):
        reached = collections.Counter()
        for seed in range(200):
            builder = random_workspaces.Builder(seed, random_features.GROUPS)
            files = builder.build()
            result = outcome(files, builder.month)
            reached["skipped"] += len(result.get("skipped", ()))
            for figures in result.get("customers", {}).values():
                rows = figures["tax_subtotals"]
                reached["two rows of a category"] += len({one["category"] for one in rows}) < len(rows)
                reached["moved"] += any(one["resource"].startswith("55") for one in figures["details"])
                reached["split by days"] += any(one["resource"].startswith("55") and len(one["date"]) == 6 and one["cost"] < 0 for one in figures["details"])
                for item in figures["items"]:
                    reached[item["kind"]] += 1
                    reached["included"] += item.get("tax_included", False)
                    reached["percent"] += "percent" in item
                    reached["prorated"] += item["name"] in ("line-fee", "care-fee")
            text = b"".join(files.values()).decode("utf-8", "replace")
            for word in ("together = true", 'tiering = "volume"', 'per = "kB"', "resource-days", "month-only", "assignments =", "supply", "from = \"2022-08-",
                         'regime = "none"', 'category = "lodging"'):
                reached[word] += word in text
        for name in ("two rows of a category", "moved", "split by days", "adjustment",
                     "included", "percent", "prorated", "together = true", 'tiering = "volume"', 'per = "kB"', "resource-days", "month-only",
                     "assignments =", "supply", "from = \"2022-08-", 'regime = "none"', 'category = "lodging"'):
            self.assertTrue(reached[name], name)

    def test_the_comparison_reads_them(self):
        for arguments, environment, wanted in (((), {}, 0), ((), {"FAKE_READING": "percent-fee-base=items"}, 1)):
            said = io.StringIO()
            with mock.patch.dict(os.environ, environment), contextlib.redirect_stdout(said):
                code = compare.main(["--binary", str(FAKE), "--seeds", "0..25", "--features", "all", "--no-shuffle", *arguments])
            self.assertEqual(code, wanted, said.getvalue())
            if wanted:
                self.assertIn("equal with --reading percent-fee-base=items", said.getvalue())

    def test_numbers_with_a_gap_are_seen(self):
        said = io.StringIO()
        with mock.patch.dict(os.environ, {"FAKE_FAULT": "gap-of-numbers"}), contextlib.redirect_stdout(said):
            code = compare.main(["--binary", str(FAKE), "--seeds", "100..100", "--features", "dates", "--no-shuffle"])
        self.assertEqual((code, "numbers given" in said.getvalue()), (1, True), said.getvalue())


if __name__ == "__main__":
    unittest.main()
