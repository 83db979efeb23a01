//! Resources that change hands within a month, against a scan over all rows for each charge and day that shares nothing
//! with the program.

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;

use crate::common::{Sandbox, copy_tree};

/// Random numbers that are the same in every run (Knuth's MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

const CUSTOMERS: [&str; 3] = ["acme", "bravo", "charlie"];
const RESOURCES: u64 = 5;

/// Who claims a resource from one day to another, counted from the first of the month; 0 and 99 are open ends.
struct Row {
    resource: u64,
    customer: usize,
    from: i64,
    until: i64,
    /// Whether it is a row of a table and not a `[[match]]`.
    in_table: bool,
}

impl Row {
    fn holds(&self, resource: u64, day: i64) -> bool {
        self.resource == resource && (self.from == 0 || self.from <= day) && (self.until == 99 || day <= self.until)
    }
}

struct Charge {
    resource: u64,
    /// 0 for the whole month.
    day: i64,
    /// In units of 0.0001.
    cost: i128,
}

/// Who has a resource on a day: tables before matches; two customers are an error.
fn holder(rows: &[Row], resource: u64, day: i64) -> Result<Option<usize>, ()> {
    for in_table in [true, false] {
        let mut found: Vec<usize> = rows
            .iter()
            .filter(|row| row.in_table == in_table && row.holds(resource, day))
            .map(|row| row.customer)
            .collect();
        found.sort_unstable();
        found.dedup();
        match found[..] {
            [] => {}
            [customer] => return Ok(Some(customer)),
            _ => return Err(()),
        }
    }
    Ok(None)
}

/// Cost by customer, and of nobody last, of a charge divided by days.
fn divided(cost: i128, days: &[i128; 4]) -> [i128; 4] {
    let total: i128 = days.iter().sum();
    let sign = if cost < 0 { -1 } else { 1 };
    let mut parts = days.map(|days| cost.abs() * days / total);
    let mut order = [0, 1, 2, 3];
    order.sort_by_key(|index| (std::cmp::Reverse(cost.abs() * days[*index] % total), *index));
    let missing = cost.abs() - parts.iter().sum::<i128>();
    order.iter().take(missing as usize).for_each(|index| parts[*index] += 1);
    parts.map(|part| part * sign)
}

fn money(units: i128) -> String {
    let (sign, units) = (if units < 0 { "-" } else { "" }, units.abs());
    let text = format!("{sign}{}.{:04}", units / 10_000, units % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A fee for a part of the month in yen, rounded up.
fn fee(amount: i128, days: i128, of: i128) -> i128 {
    (amount * days + of - 1) / of
}

/// Days of a month of 30 days: m(until) − m(from − 1) for each day that is held.
fn thirty(held: &[bool], last: usize) -> i128 {
    let mark = |day: usize| if day == last { 30 } else { day.min(30) };
    (1..=last).filter(|day| held[*day]).map(|day| (mark(day) - mark(day - 1)) as i128).sum()
}

#[test]
fn moves_gaps_and_overlaps_are_allocated_as_a_naive_scan_does() {
    let mut random = Random(20_220_811);
    let (mut refused, mut divisions, mut gaps) = (0, 0, 0);
    for (number, (month, last)) in
        [("2022-02", 28), ("2024-02", 29), ("2022-04", 30), ("2022-08", 31)].into_iter().cycle().take(48).enumerate()
    {
        // A quarter of the workspaces has rows that may overlap.
        let mut rows: Vec<Row> = Vec::new();
        for resource in 0..RESOURCES {
            let mut from = 0;
            for _ in 0..1 + random.below(3) {
                let until = match random.below(4) {
                    0 => 99,
                    1 => last,
                    _ => (from.max(1) + random.below(12) as i64).min(last),
                };
                let in_table = random.below(2) == 0;
                rows.push(Row { resource, customer: random.below(3) as usize, from, until, in_table });
                from = until + if number % 4 == 3 { random.below(4) as i64 - 1 } else { 1 + random.below(3) as i64 };
                if from > last || from < 1 {
                    break;
                }
            }
        }
        let mut charges: Vec<Charge> = Vec::new();
        for _ in 0..40 {
            let day = if random.below(3) == 0 { 0 } else { 1 + random.below(last as u64) as i64 };
            let cost = i128::from(random.below(9_000_000)) - if random.below(6) == 0 { 4_000_000 } else { 0 };
            charges.push(Charge { resource: random.below(RESOURCES), day, cost });
        }
        let sandbox = workspace(month, &rows, &charges);
        let of = month.replace('-', "");
        let run = sandbox.run(&["build", &of, "--format", "json", "--quiet"]);

        // The naive scan.
        let holders: Vec<Vec<Result<Option<usize>, ()>>> =
            (0..RESOURCES).map(|resource| (0..=last).map(|day| holder(&rows, resource, day)).collect()).collect();
        let in_table = |row: &&Row| row.in_table;
        let tables_overlap = (1..=last).any(|day| {
            (0..RESOURCES).any(|resource| {
                let of_day = rows.iter().filter(in_table).filter(|row| row.holds(resource, day));
                let mut customers: Vec<usize> = of_day.map(|row| row.customer).collect();
                customers.sort_unstable();
                customers.dedup();
                customers.len() > 1
            })
        });
        let days_of = |charge: &Charge| match charge.day {
            0 => 1..=last,
            day => day..=day,
        };
        let is_contested =
            |charge: &Charge| days_of(charge).any(|day| holders[charge.resource as usize][day as usize].is_err());
        // Each `[[match]]` of a resource that has several names days: two customers on one day are an error without charges.
        let matches_overlap = holders.iter().any(|days| days[1..].iter().any(Result::is_err));
        if tables_overlap || matches_overlap || charges.iter().any(is_contested) {
            assert_eq!(run.code, 1, "{number}: {}", run.stderr);
            let told = run.stderr.contains("two customers claim the charge") || run.stderr.contains(" both have ");
            assert!(told, "{number}: {}", run.stderr);
            refused += 1;
            continue;
        }
        assert_eq!(run.code, 0, "{number}: {}", run.stderr);
        let mut kept = 0;
        let mut expected: [BTreeMap<usize, i128>; 3] = Default::default();
        let mut used = [[false; RESOURCES as usize]; 3];
        for (index, charge) in charges.iter().enumerate() {
            let mut days = [0_i128; 4];
            for day in days_of(charge) {
                let holder = holders[charge.resource as usize][day as usize].unwrap();
                days[holder.unwrap_or(3)] += 1;
            }
            let parts = divided(charge.cost, &days);
            assert_eq!(parts.iter().sum::<i128>(), charge.cost);
            divisions += usize::from(days.iter().filter(|days| **days > 0).count() > 1);
            gaps += usize::from(days[3] > 0);
            for customer in 0..3 {
                if days[customer] > 0 {
                    expected[customer].insert(index + 2, parts[customer]);
                    used[customer][charge.resource as usize] |= charge.cost >= 0;
                }
            }
            // Discounts that nobody claims are shared by amount.
            kept += if charge.cost < 0 { 0 } else { parts[3] };
        }
        let summary = sandbox.json(&format!("out/{of}/summary.json"));
        assert_eq!(summary["conservation"]["difference"], "0");
        let kept_unassigned: Vec<&serde_json::Value> = summary["kept_details"].as_array().unwrap().iter().collect();
        let found = kept_unassigned.iter().find(|kept| kept["reason"] == "unassigned").map(|kept| kept["cost"].clone());
        assert_eq!(found.unwrap_or_else(|| "0".into()), money(kept), "{number}");
        for (customer, id) in CUSTOMERS.iter().enumerate() {
            let path = format!("out/{of}/internal/{id}/INV-{of}-{id}.json");
            if !sandbox.path().join(&path).exists() {
                assert!(expected[customer].is_empty(), "{number}: {id} has no invoice");
                continue;
            }
            let invoice = sandbox.json(&path);
            // An explanation adds up again, and is an error where it does not.
            let explained = sandbox.run(&["explain", &format!("{of}/{id}"), "--json"]);
            assert_eq!(explained.code, 0, "{number}: {}", explained.stderr);
            // A share of a discount that nobody claims has the other customers' amounts in its ratio, not days.
            let mut found: BTreeMap<usize, String> = BTreeMap::new();
            for detail in invoice["details"].as_array().unwrap() {
                let row = detail["origin"]["row"].as_u64().unwrap() as usize;
                let cost = detail["cost"].as_str().unwrap().to_owned();
                let charge = &charges[row - 2];
                let nobody =
                    days_of(charge).any(|day| holders[charge.resource as usize][day as usize].unwrap().is_none());
                if !(nobody && charge.cost < 0) {
                    assert!(found.insert(row, cost).is_none(), "{number}: {id} has row {row} twice");
                }
            }
            let of_customer = expected[customer].iter().filter(|(row, _)| {
                let charge = &charges[**row - 2];
                let nobody =
                    days_of(charge).any(|day| holders[charge.resource as usize][day as usize].unwrap().is_none());
                !(nobody && charge.cost < 0)
            });
            let of_customer: BTreeMap<usize, String> = of_customer.map(|(row, cost)| (*row, money(*cost))).collect();
            assert_eq!(found, of_customer, "{number}: {id}");
            let fees: i128 = (0..RESOURCES as usize)
                .filter(|resource| used[customer][*resource])
                .map(|resource| {
                    let held: Vec<bool> = (0..=last)
                        .map(|day| day > 0 && holders[resource][day as usize] == Ok(Some(customer)))
                        .collect();
                    let days = held.iter().filter(|held| **held).count() as i128;
                    match customer {
                        0 => fee(800, days, i128::from(last)),
                        1 => fee(1000, thirty(&held, last as usize), 30),
                        _ => 700,
                    }
                })
                .sum();
            let items = invoice["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "fee");
            let found: i128 = items.map(|item| item["amount"].as_str().unwrap().parse::<i128>().unwrap()).sum();
            assert_eq!(found, fees, "{number}: fees of {id}");
        }
    }
    assert!(refused >= 3 && divisions >= 100 && gaps >= 50, "{refused} {divisions} {gaps}");
}

/// The workspace of some rows and charges.
fn workspace(month: &str, rows: &[Row], charges: &[Charge]) -> Sandbox {
    let sandbox = Sandbox::new();
    let issuer = "[issuer]\nname = \"Shop\"\n[invoice]\nbelow-zero = \"carry\"\n[allocation]\nunassigned = \"keep\"\n";
    let source = "[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n";
    sandbox.write("invoicer.toml", format!("{issuer}{source}assignments = \"assignments/*.csv\"\n"));
    let day = |day: i64| if day == 0 || day == 99 { String::new() } else { format!("{month}-{day:02}") };
    let id = |resource: u64| format!("44010123456789{resource}");
    let mut table = String::from("resource,customer,from,until\n");
    for row in rows.iter().filter(|row| row.in_table) {
        let (from, until) = (day(row.from), day(row.until));
        writeln!(table, "{},{},{from},{until}", id(row.resource), CUSTOMERS[row.customer]).unwrap();
    }
    sandbox.write("assignments/a.csv", table);
    for (customer, name) in CUSTOMERS.iter().enumerate() {
        let mut text = format!("name = \"{name}\"\n");
        for row in rows.iter().filter(|row| !row.in_table && row.customer == customer) {
            writeln!(text, "[[match]]\nresource = \"{}\"", id(row.resource)).unwrap();
            for (key, end) in [("from", day(row.from)), ("until", day(row.until))] {
                if !end.is_empty() {
                    writeln!(text, "{key} = \"{end}\"").unwrap();
                }
            }
        }
        let (amount, prorate) = [("800", "days"), ("1000", "thirty"), ("700", "none")][customer];
        writeln!(text, "[[fee]]\nname = \"line\"\namount = \"{amount}\"\nper = \"resource\"\nprorate = \"{prorate}\"")
            .unwrap();
        sandbox.write(&format!("customers/{name}.toml"), text);
    }
    let mut bill = String::from("imsi,date,billItemName,unitPrice,quantity,amount\n");
    for charge in charges {
        let month = month.replace('-', "");
        let date = if charge.day == 0 { month } else { format!("{month}{:02}", charge.day) };
        writeln!(bill, "{},{date},charge,1,1,{}", id(charge.resource), money(charge.cost)).unwrap();
    }
    sandbox.write(&format!("billing/{}/a.csv", month.replace('-', "")), bill);
    sandbox
}

fn case(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name), sandbox.path());
    sandbox
}

/// The table of the case, with a second SIM that two customers have from 15 to 20 August.
fn with_an_overlap() -> Sandbox {
    let sandbox = case("assignments-with-a-gap");
    let table = String::from_utf8(sandbox.read("assignments/soracom.csv")).unwrap();
    let rows = "440101234567899,acme,202207,2022-08-20,,\n440101234567899,bravo,2022-08-15,,,\n";
    sandbox.write("assignments/soracom.csv", table + rows);
    sandbox
}

#[test]
fn timelines_mark_gaps_and_overlaps() {
    let sandbox = with_an_overlap();
    let run = sandbox.run(&["assignments"]);
    let expected = "\
source   resource         customer               from        until       rule
soracom  440101234567890  acme                   -           2022-08-10  assignments/soracom.csv:2
                          (gap)                  2022-08-11  2022-08-15
                          bravo                  2022-08-16  2022-08-25  assignments/soracom.csv:3
soracom  440101234567899  acme                   2022-07-01  2022-08-14  assignments/soracom.csv:4
                          acme, bravo (overlap)  2022-08-15  2022-08-20  assignments/soracom.csv:4, assignments/soracom.csv:5
                          bravo                  2022-08-21  -           assignments/soracom.csv:5
";
    assert_eq!((run.code, run.stdout.as_str()), (0, expected), "{}", run.stderr);
    let run = sandbox.run(&["assignments", "--month", "202208", "--resource", "*90", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let spans = found[0]["spans"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let spans: Vec<String> = spans
        .iter()
        .map(|span| format!("{} {} {}", text(&span["state"]), text(&span["from"]), text(&span["until"])))
        .collect();
    // 310 × 11 / 31 of the charge without a day, and 7 of 12 August.
    assert_eq!(found[0]["charges_in_gaps"], serde_json::json!({ "rows": 2, "cost": "117", "currency": "JPY" }));
    let expected = [
        "held 2022-08-01 2022-08-10",
        "gap 2022-08-11 2022-08-15",
        "held 2022-08-16 2022-08-25",
        "gap 2022-08-26 2022-08-31",
    ];
    assert_eq!(spans, expected);
    assert_eq!(found.as_array().unwrap().len(), 1);
    let run = sandbox.run(&["assignments", "--customer", "charlie"]);
    assert_eq!(run.code, 1);
    // A month with the overlap is refused, although the second SIM has no charges.
    let run = sandbox.run(&["check", "202208"]);
    let expected = "error: \"acme\" and \"bravo\" both have 440101234567899 on 2022-08-15..2022-08-20\n";
    assert!(run.code == 1 && run.stderr.starts_with(expected), "{}", run.stderr);
}

#[test]
fn a_match_with_days_is_in_the_timeline() {
    let sandbox = case("moves-within-a-month");
    let run = sandbox.run(&["assignments", "--customer", "bravo"]);
    let expected = "\
source   resource         customer  from        until       rule
soracom  440101234567890  acme      -           2022-08-10  customers/acme.toml:3
                          bravo     2022-08-11  2022-10-31  customers/bravo.toml:3
";
    assert_eq!(run.stdout, expected, "{}", run.stderr);
}

#[test]
fn assigned_resources_without_charges_are_a_warning() {
    let sandbox = case("assignments-with-a-gap");
    let table = String::from_utf8(sandbox.read("assignments/soracom.csv")).unwrap();
    // All August in two rows; only a part of August; all August, but with charges.
    let rows =
        "7770,acme,202207,2022-08-20\n7770,acme,2022-08-21,202209\n7771,acme,2022-08-02,\n440101234567891,bravo,,\n";
    sandbox.write("assignments/soracom.csv", table + rows);
    let run = sandbox.run(&["check", "202208"]);
    let expected =
        "warning[assignment-without-charges]: 1 resource assigned to \"acme\" all month without charges in 202208";
    assert!(run.code == 0 && run.stderr.contains(expected), "{}", run.stderr);
    assert_eq!(run.stderr.matches("assignment-without-charges").count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("warning[charges-in-gap]"), "{}", run.stderr);
}

#[test]
fn changing_the_past_of_an_issued_month_is_told_with_the_rows() {
    let sandbox = case("assignments-with-a-gap");
    let run = |arguments: &[&str]| {
        let run = sandbox.run(arguments);
        (run.code, run.stdout + &run.stderr)
    };
    let issued = run(&["build", "202208", "--quiet"]);
    assert_eq!(issued.0, 0, "{}", issued.1);
    let issued = run(&["issue", "202208", "--quiet"]);
    assert_eq!(issued.0, 0, "{}", issued.1);
    let record = sandbox.json("issued/202208.json");
    let rules: Vec<&str> =
        record["rules"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert!(rules.contains(&"assignments/soracom.csv"), "{rules:?}");
    assert_eq!(run(&["verify", "202208"]), (0, "202208: same (2 documents)\n".to_owned()));
    let table = String::from_utf8(sandbox.read("assignments/soracom.csv")).unwrap();
    // A row of a later month changes no figure.
    let later = table.clone() + "440101234567890,acme,2022-09-01,,,\n";
    sandbox.write("assignments/soracom.csv", &later);
    let (code, told) = run(&["verify", "202208"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("assignments/soracom.csv: the file changed\n"), "{told}");
    sandbox.write("assignments/soracom.csv", table.replace("2022-08-16,2022-08-25", "2022-08-11,2022-08-25"));
    let (code, told) = run(&["verify", "202208"]);
    assert_eq!(code, 1, "{told}");
    let expected = "assignments/soracom.csv: the file changed (line 3: 440101234567890,bravo,2022-08-11,2022-08-25; \
                    no longer: 440101234567890,bravo,2022-08-16,2022-08-25)";
    assert!(told.contains(expected), "{told}");
    let (code, told) = run(&["build", "202208"]);
    assert!(code == 1 && told.contains("line 3: 440101234567890,bravo,2022-08-11"), "{told}");
    assert_eq!(run(&["verify", "202208", "--as-issued"]).0, 0);
    // A further table, too, can change what was issued.
    sandbox.write("assignments/soracom.csv", &table);
    let row = "440101234567890,bravo,2022-08-12,2022-08-12";
    sandbox.write("assignments/soracom-2.csv", format!("resource,customer,from,until\n{row}\n"));
    let (code, told) = run(&["verify", "202208"]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains(&format!("assignments/soracom-2.csv: the file is new (line 2: {row})")), "{told}");
}

/// The corrected invoice of acme has the days of now; that of bravo was issued with those before.
#[test]
fn the_rows_of_invoices_that_a_reissue_leaves_alone_are_named() {
    let sandbox = case("assignments-with-a-gap");
    let run = |arguments: &[&str]| {
        let run = sandbox.run(arguments);
        (run.code, run.stdout + &run.stderr)
    };
    for command in ["build", "issue"] {
        let (code, told) = run(&[command, "202208", "--quiet"]);
        assert_eq!(code, 0, "{told}");
    }
    let table = String::from_utf8(sandbox.read("assignments/soracom.csv")).unwrap();
    let changed = table.replace("2022-08-16,2022-08-25", "2022-08-11,2022-08-25");
    // A row that is acme's alone, of a resource without charges.
    sandbox.write("assignments/soracom.csv", changed + "7770,acme,202207,\n");
    let number = sandbox.json("issued/202208.json")["documents"][0]["number"].as_str().unwrap().to_owned();
    let (code, told) = run(&["credit", &number, "--reason", "x", "--reissue", "--date", "2022-09-20"]);
    assert_eq!(code, 0, "{told}");
    let rows = "line 3: 440101234567890,bravo,2022-08-11,2022-08-25; \
                no longer: 440101234567890,bravo,2022-08-16,2022-08-25";
    let (code, told) = run(&["verify", "202208"]);
    assert!(code == 1 && told.contains(&format!("assignments/soracom.csv: the file changed ({rows})\n")), "{told}");
    let (code, told) = run(&["build", "202208"]);
    assert!(code == 1 && told.contains(&format!("assignments/soracom.csv changed ({rows})\n")), "{told}");
    sandbox.write("assignments/soracom.csv", table + "7770,acme,202207,\n");
    let (code, told) = run(&["verify", "202208"]);
    assert_eq!(code, 0, "{told}");
}

/// Of four resources two have a tag, one is in a gap, and one has nothing to match but its id.
#[test]
fn unclaimed_charges_come_with_the_tables_to_paste() {
    let sandbox = case("assignments-with-a-gap");
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", settings.replace("unassigned = \"keep\"\n", ""));
    let bill = String::from_utf8(sandbox.read("billing/202208/soracom.csv")).unwrap();
    let rows = "440101234567801,20220801,dataCharge,0.5,6,3,charlie\n440101234567802,20220801,dataCharge,0.5,7,3.5,charlie\n\
                440101234567803,20220801,dataCharge,0.5,6,3,\n,20220801,platform,0.5,6,3,\n";
    sandbox.write("billing/202208/soracom.csv", bill + rows);
    let run = sandbox.run(&["check", "202208", "--unclaimed"]);
    let expected = "\
# soracom: 2 rows of 2 resources, ¥6.5
#   440101234567801: 1 row, ¥3; customer=\"charlie\"
#   440101234567802: 1 row, ¥3.5; customer=\"charlie\"
[[match]]
tag = { customer = \"charlie\" }

# soracom: 2 rows of 1 resource, ¥117
#   440101234567890: 2 rows, ¥117
[[match]]
resource = \"440101234567890\"
from = \"2022-08-11\"
until = \"2022-08-15\"
[[match]]
resource = \"440101234567890\"
from = \"2022-08-26\"
until = \"2022-08-31\"

# soracom: 1 row of 1 resource, ¥3
#   440101234567803: 1 row, ¥3
[[match]]
resource = \"440101234567803\"

# soracom: 1 row without a resource, ¥3
#   platform: 1 row, ¥3
[[allocation.share]]
match = { source = \"soracom\", item = \"platform\" }
by = \"amount\"
";
    assert_eq!((run.code, run.stdout.as_str()), (1, expected));
    assert!(run.stderr.starts_with("error: 6 rows of 202208 without an owner\n"), "{}", run.stderr);
    let run = sandbox.run(&["check", "202208"]);
    let note =
        "a [[match]] with tag = { customer = \"charlie\" } would claim 2 of 6 rows; invoicer check 202208 --unclaimed";
    assert!(run.stderr.contains(note), "{}", run.stderr);
    // Pasted, they claim everything.
    let (matches, shares) = expected.split_at(expected.find("# soracom: 1 row without").unwrap());
    let customer = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write("customers/acme.toml", customer + matches);
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", settings + shares);
    let run = sandbox.run(&["check", "202208", "--unclaimed"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    assert!(run.stderr.contains("every charge of 202208 has an owner"), "{}", run.stderr);
}

/// Another customer has the SIM on other days, has another row of the same tag without a SIM, or has another item of the
/// same SIM on the same day. A discount that nobody claims is shared, and no reason against the tag.
#[test]
fn tables_to_paste_clash_with_no_other_customer() {
    let days = "resource = \"4402\"\nfrom = \"2022-08-03\"\nuntil = \"2022-08-31\"";
    let until_second = "resource = \"4402\"\nuntil = \"2022-08-02\"";
    for (bravo, rows, expected) in [
        (until_second, "4402,202208,b,10,1,31,sp,\n", days),
        (until_second, "4402,20220801,b,10,1,31,sp,\n4402,20220805,b,10,1,31,sp,\n", days),
        (
            "tag = { site = \"tokyo\" }",
            ",20220803,b,10,1,5,sp,tokyo\n4401,20220803,b,10,1,7,sp,\n",
            "resource = \"4401\"",
        ),
        (
            "tag = { customer = \"sp\" }\nitem = \"b\"",
            "4403,20220803,b,10,1,5,sp,\n4403,20220803,c,10,1,7,sp,\n",
            "resource = \"4403\"\npriority = -1",
        ),
        (
            "tag = { customer = \"sp\" }\nitem = \"b\"\npriority = -2",
            "4403,20220803,b,10,1,5,sp,\n4403,20220803,c,10,1,7,sp,\n",
            "resource = \"4403\"\npriority = -3",
        ),
        (
            "resource = \"4409\"",
            "4409,20220803,b,10,1,5,,\n4401,20220803,b,10,1,7,sp,\n4401,20220803,volumeDiscount,-1,1,-1,sp,\n",
            "tag = { customer = \"sp\" }",
        ),
    ] {
        let sandbox = of_two("name = \"acme\"\n", &format!("name = \"bravo\"\n[[match]]\n{bravo}\n"), rows);
        let run = sandbox.run(&["check", "202208", "--unclaimed"]);
        let lines: Vec<&str> = run.stdout.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!((run.code, lines.join("\n")), (1, format!("[[match]]\n{expected}")), "{}", run.stderr);
        sandbox.write("customers/acme.toml", format!("name = \"acme\"\n{}", run.stdout));
        let run = sandbox.run(&["check", "202208"]);
        assert_eq!(run.code, 0, "{bravo}: {}", run.stderr);
    }
}

/// Workspace of two customers and a bill with two tags.
fn of_two(acme: &str, bravo: &str, rows: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let source = "[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n";
    sandbox.write("invoicer.toml", format!("[issuer]\nname = \"Shop\"\n{source}"));
    sandbox.write("customers/acme.toml", acme);
    sandbox.write("customers/bravo.toml", bravo);
    let header = "imsi,date,billItemName,unitPrice,quantity,amount,customer,site\n";
    sandbox.write("billing/202208/a.csv", format!("{header}{rows}"));
    sandbox
}

/// 4401 and 4402 change hands by a pattern, 4402 also by its id, and 4403 begins by a tag. In the gap of 4401 are 10 of a
/// day and 31 × 4 / 31 of the month.
#[test]
fn resources_that_a_dated_pattern_claims_are_in_the_timeline_of_a_month() {
    let acme = "name = \"acme\"\n[[match]]\nresource = \"44??\"\nuntil = \"2022-08-05\"\n\
                [[match]]\nresource = \"4402\"\nuntil = \"2022-08-05\"\n";
    let bravo = "name = \"bravo\"\n[[match]]\nresource = \"44??\"\nfrom = \"2022-08-10\"\n\
                 [[match]]\ntag = { customer = \"bravo\" }\nfrom = \"202208\"\npriority = 1\nuntil = \"2022-08-20\"\n";
    let rows = "4401,20220805,b,10,1,10,,\n4401,20220807,b,10,1,10,,\n4401,202208,m,31,1,31,,\n\
                4402,20220812,b,10,1,10,,\n4403,20220812,b,10,1,10,bravo,\n55,20220812,b,10,1,10,,\n";
    let sandbox = of_two(acme, bravo, rows);
    let run = sandbox.run(&["assignments", "--month", "202208"]);
    let expected = "\
source   resource  customer  from        until       rule                                          charges in gaps
soracom  4401      acme      2022-08-01  2022-08-05  customers/acme.toml:2                         ¥14 (2)
                   (gap)     2022-08-06  2022-08-09
                   bravo     2022-08-10  2022-08-31  customers/bravo.toml:2
soracom  4402      acme      2022-08-01  2022-08-05  customers/acme.toml:2, customers/acme.toml:5
                   (gap)     2022-08-06  2022-08-09
                   bravo     2022-08-10  2022-08-31  customers/bravo.toml:2
soracom  4403      bravo     2022-08-01  2022-08-20  customers/bravo.toml:5
                   bravo     2022-08-21  2022-08-31  customers/bravo.toml:2
";
    assert_eq!((run.code, run.stdout.as_str()), (0, expected), "{}", run.stderr);
    // Without a bill nobody knows which resources the pattern claims.
    let run = sandbox.run(&["assignments"]);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
}

/// acme has 4401 whenever nobody else has it, and 4403 by a tag that only the bill knows; nobody has 4402 in between.
#[test]
fn a_day_that_a_match_without_days_claims_is_no_gap() {
    let acme = "name = \"acme\"\n[[match]]\nresource = \"4401\"\n[[match]]\ntag = { customer = \"acme\" }\n";
    let rows = "4401,20220805,b,10,1,10,,\n4402,20220817,b,10,1,10,,\n4403,20220815,b,10,1,10,acme,\n";
    let sandbox = of_two(acme, "name = \"bravo\"\n", rows);
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", settings + "assignments = \"a.csv\"\n");
    let table = "resource,customer,from,until\n4401,bravo,2022-08-11,2022-08-15\n4402,bravo,2022-08-11,2022-08-15\n\
                 4402,bravo,2022-08-20,202208\n4403,bravo,,2022-08-10\n4403,bravo,2022-08-21,\n";
    sandbox.write("a.csv", table);
    let timeline = |arguments: &[&str]| {
        let run = sandbox.run(arguments);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let words = |line: &str| line.split_whitespace().collect::<Vec<&str>>().join(" ");
        run.stdout.lines().skip(1).map(words).collect::<Vec<String>>()
    };
    let expected = [
        "soracom 4401 acme - 2022-08-10 customers/acme.toml:2",
        "bravo 2022-08-11 2022-08-15 a.csv:2",
        "acme 2022-08-16 - customers/acme.toml:2",
        "soracom 4402 bravo 2022-08-11 2022-08-15 a.csv:3",
        "(gap) 2022-08-16 2022-08-19",
        "bravo 2022-08-20 2022-08-31 a.csv:4",
        "soracom 4403 bravo - 2022-08-10 a.csv:5",
        "(gap) 2022-08-11 2022-08-20",
        "bravo 2022-08-21 - a.csv:6",
    ];
    assert_eq!(timeline(&["assignments"]), expected);
    let expected = [
        "soracom 4401 acme 2022-08-01 2022-08-10 customers/acme.toml:2",
        "bravo 2022-08-11 2022-08-15 a.csv:2",
        "acme 2022-08-16 2022-08-31 customers/acme.toml:2",
        "soracom 4402 (gap) 2022-08-01 2022-08-10 ¥10 (1)",
        "bravo 2022-08-11 2022-08-15 a.csv:3",
        "(gap) 2022-08-16 2022-08-19",
        "bravo 2022-08-20 2022-08-31 a.csv:4",
        "soracom 4403 bravo 2022-08-01 2022-08-10 a.csv:5",
        "acme 2022-08-11 2022-08-20 customers/acme.toml:4",
        "bravo 2022-08-21 2022-08-31 a.csv:6",
    ];
    assert_eq!(timeline(&["assignments", "--month", "202208"]), expected);
    // Another customer's rule without days overlaps with nothing but what has its own priority.
    let active = "active = { from = \"2022-08-18\" }\n[[match]]\nresource = \"44?2\"\n";
    sandbox.write("customers/charlie.toml", format!("name = \"charlie\"\n{active}"));
    let expected = [
        "soracom 4402 bravo 2022-08-11 2022-08-15 a.csv:3",
        "(gap) 2022-08-16 2022-08-17",
        "charlie 2022-08-18 2022-08-19 customers/charlie.toml:3",
        "bravo 2022-08-20 2022-08-31 a.csv:4",
        "charlie 2022-09-01 - customers/charlie.toml:3",
    ];
    assert_eq!(timeline(&["assignments", "--resource", "4402"]), expected);
}

/// acme and bravo have 4401 from 10 to 12 August, and its only charge is of the 1st; a third rule of a higher priority takes
/// these days from both. 4409 is not in the bill.
#[test]
fn matches_that_overlap_on_a_day_without_charges_are_refused() {
    let rows = "4401,20220801,b,10,1,10,,\n";
    let dated = |resource: &str, rest: &str| format!("[[match]]\nresource = \"{resource}\"\n{rest}\n");
    let acme = |rest: &str| format!("name = \"acme\"\n{}{rest}", dated("4401", "until = \"2022-08-12\""));
    let bravo = |resource: &str, rest: &str| {
        let rule = dated(resource, &format!("from = \"2022-08-10\"\nuntil = \"202208\"\n{rest}"));
        format!("name = \"bravo\"\n{rule}")
    };
    let check = |acme: String, bravo: String| of_two(&acme, &bravo, rows).run(&["check", "202208"]);
    for resource in ["4401", "44?1"] {
        let run = check(acme(""), bravo(resource, ""));
        let expected =
            "error: \"acme\" and \"bravo\" both have 4401 on 2022-08-10..2022-08-12\n --> customers/bravo.toml:2\n";
        assert!(run.code == 1 && run.stderr.contains(expected), "{}", run.stderr);
        assert!(run.stderr.contains("  = customers/acme.toml:2: resource = \"4401\""), "{}", run.stderr);
        let run = check(acme(""), bravo(resource, "priority = 1"));
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let of_both = dated("44*", "from = \"2022-08-10\"\nuntil = \"2022-08-12\"\npriority = 1");
    assert_eq!(check(acme(&of_both), bravo("4401", "")).code, 0);
    let run = check(acme(&dated("4409", "from = \"2022-08-31\"")), bravo("4409", ""));
    assert!(run.code == 1 && run.stderr.contains("both have 4409 on 2022-08-31"), "{}", run.stderr);
    assert_eq!(check(acme(&dated("4409", "from = \"2022-09-01\"")), bravo("4409", "")).code, 0);
    // One with an item has only some of the charges.
    assert_eq!(check(acme(""), bravo("4401", "item = \"b\"")).code, 0);
}

/// The charge of the 1st is of the customer without days. On 10 to 12 August there is no charge, and of the three that have
/// the resource then, the two with days overlap, whichever of the three comes first.
#[test]
fn a_rule_without_days_hides_no_overlap_of_two_with_days() {
    let dated = |until: &str| format!("[[match]]\nresource = \"44?1\"\nfrom = \"2022-08-10\"\nuntil = \"{until}\"\n");
    let always = "[[match]]\nresource = \"4401\"\n".to_owned();
    let customer = |id: &str, rules: &str| format!("name = \"{id}\"\n{rules}");
    for order in [[0, 1, 2], [1, 0, 2], [1, 2, 0]] {
        let rules = order.map(|rule| [always.clone(), dated("2022-08-12"), dated("2022-08-31")][rule].clone());
        let sandbox =
            of_two(&customer("acme", &rules[0]), &customer("bravo", &rules[1]), "4401,20220801,b,10,1,10,,\n");
        sandbox.write("customers/charlie.toml", customer("charlie", &rules[2]));
        let [first, second] = match order {
            [0, ..] => ["bravo", "charlie"],
            [_, 0, _] => ["acme", "charlie"],
            _ => ["acme", "bravo"],
        };
        let run = sandbox.run(&["check", "202208"]);
        let expected = format!("error: \"{first}\" and \"{second}\" both have 4401 on 2022-08-10..2022-08-12");
        assert!(run.code == 1 && run.stderr.contains(&expected), "{order:?}: {}", run.stderr);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The tables that `check --unclaimed` prints match exactly the values that they name: pasted, they claim the whole month,
    /// and nothing that bravo has.
    #[test]
    fn every_printed_table_can_be_pasted(
        values in proptest::collection::vec(("[a*?\\[\\]\\\\\"' ,=#{}|～ガ]{0,4}", "[a*?\\[\\]]{0,3}", 0_u8..4), 1..12),
    ) {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let rows: String = values.iter().enumerate().map(|(index, (tag, site, resource))| {
            let resource = if *resource == 0 { String::new() } else { format!("44{}", index % 7) };
            // Without a resource, rows are named by their items.
            let item = if resource.is_empty() { format!("i{site}") } else { "b".to_owned() };
            format!("{resource},202208{:02},{},10,1,10,{},{}\n", index + 1, quoted(&item), quoted(tag), quoted(site))
        }).collect();
        let sandbox = of_two("name = \"acme\"\n[[match]]\nresource = \"4498\"\n",
            "name = \"bravo\"\n[[match]]\nresource = \"4499\"\n[[match]]\ntag = { site = \"[*]\" }\n",
            &format!("4498,20220801,b,10,1,10,,\n4499,20220801,b,10,1,10,aa,a\n{rows}"));
        let run = sandbox.run(&["check", "202208", "--unclaimed"]);
        let of = |heading: &str| {
            let mut found = String::new();
            for table in run.stdout.split("\n\n").filter(|table| table.contains(heading)) {
                found += &format!("{table}\n");
            }
            found
        };
        let append = |path: &str, text: String| {
            let before = String::from_utf8(sandbox.read(path)).unwrap();
            sandbox.write(path, before + &text);
        };
        append("customers/acme.toml", of("[[match]]"));
        append("invoicer.toml", of("[[allocation.share]]"));
        let again = sandbox.run(&["check", "202208", "--unclaimed"]);
        prop_assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{}{}", run.stdout, again.stderr);
        let check = sandbox.run(&["check", "202208"]);
        prop_assert_eq!(check.code, 0, "{}{}", run.stdout, check.stderr);
    }
}

/// A share that is printed is measured by what the customers have: amounts, or charges of any cost, or nothing.
#[test]
fn printed_shares_are_measured_by_what_there_is() {
    let share = ",20220802,i,10,1,10,,\n";
    for (others, expected) in [
        ("4401,20220801,b,10,1,10,,\n", "by = \"amount\""),
        // Not claimed yet, but by another printed table.
        ("4409,20220801,b,10,1,10,,\n", "by = \"amount\""),
        ("4401,20220801,b,10,0,0,,\n", "by = \"even\""),
        // A discount is no usage.
        ("4401,20220801,b,10,1,10,,\n4401,20220801,b,10,-1,-10,,\n", "by = \"amount\""),
        ("4401,20220801,b,10,-1,-10,,\n", "by = \"even\""),
        ("", "weights = { acme = 1, bravo = 1 }"),
    ] {
        let acme = "name = \"acme\"\n[[match]]\nresource = \"4401\"\n";
        let sandbox = of_two(acme, "name = \"bravo\"\n", &format!("{others}{share}"));
        let run = sandbox.run(&["check", "202208", "--unclaimed"]);
        let tables: Vec<&str> = run.stdout.split("\n\n").collect();
        let of = |heading: &str| {
            let found = tables.iter().filter(|table| table.contains(heading)).map(|table| format!("{table}\n"));
            found.collect::<String>()
        };
        let shares = of("[[allocation.share]]");
        assert!(shares.lines().any(|line| line == expected), "{others:?}: {}", run.stdout);
        let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
        sandbox.write("invoicer.toml", settings + &shares);
        sandbox.write("customers/acme.toml", acme.to_owned() + &of("[[match]]"));
        let run = sandbox.run(&["check", "202208"]);
        assert_eq!(run.code, 0, "{others:?}: {}", run.stderr);
    }
}

/// 3 × 100 × 21 / 31 = 203.2…, up 204 of the customer's days; 1000 × 1 × 21 / 31 = 677.4…, up 678 for each of two resources,
/// and 1000 for that of the whole month.
#[test]
fn a_fee_of_a_quantity_is_rounded_once_for_a_part_of_the_month() {
    let fee = |name: &str, amount: u32, quantity: u32, per: &str| {
        format!(
            "[[fee]]\nname = \"{name}\"\namount = \"{amount}\"\nquantity = \"{quantity}\"\nper = \"{per}\"\nprorate = \"days\"\n"
        )
    };
    let dated = |resource: &str, from: &str| format!("[[match]]\nresource = \"{resource}\"\nfrom = \"{from}\"\n");
    let matches = dated("4401", "2022-08-11") + &dated("4402", "2022-08-11") + &dated("4403", "2022-07-01");
    let acme =
        format!("name = \"acme\"\nactive = {{ from = \"2022-07-01\" }}\n{matches}{}", fee("sim", 1, 1000, "resource"));
    let bravo = format!("name = \"bravo\"\nactive = {{ from = \"2022-08-11\" }}\n{}", fee("care", 100, 3, "month"));
    let rows = "4401,20220815,b,10,1,10,,\n4402,20220815,b,10,1,10,,\n4403,20220815,b,10,1,10,,\n";
    let sandbox = of_two(&acme, &bravo, rows);
    assert_eq!(sandbox.run(&["build", "202208", "-q"]).code, 0);
    let fees = |customer: &str| {
        let invoice = sandbox.json(&format!("out/202208/{customer}/INV-202208-{customer}.json"));
        let items = invoice["items"].as_array().unwrap().clone();
        let fees = items.into_iter().filter(|item| item["kind"] == "fee");
        fees.map(|item| ["quantity", "unit_price", "amount"].map(|key| item[key].as_str().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let figures = |rows: &[[&str; 3]]| rows.iter().map(|row| row.map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(fees("bravo"), figures(&[["1", "204", "204"]]));
    assert_eq!(fees("acme"), figures(&[["1000", "1", "1000"], ["2", "678", "1356"]]));
    let run = sandbox.run(&["explain", "INV-202208-bravo", "1"]);
    assert!(run.stdout.contains("3 × 100 × 21 / 31 → up → 204"), "{}", run.stdout);
}

/// Rows of a site belong to one customer whether they have a SIM or not; what has neither SIM nor site can only be shared.
#[test]
fn rows_without_a_resource_are_claimed_by_their_tag() {
    let rows = "4401,20220801,b,10,1,10,,\n,20220801,plan,1,30,30,,tokyo\n,20220802,help,1,5,5,,tokyo\n\
                4409,20220801,b,10,1,10,,tokyo\n,20220801,vpn,1,7,7,,\n";
    let acme = "name = \"acme\"\n[[match]]\nresource = \"4401\"\n";
    let run = of_two(acme, "name = \"bravo\"\n", rows).run(&["check", "202208", "--unclaimed"]);
    let expected = "\
# soracom: 3 rows of 1 resource, ¥45
#   4409: 1 row, ¥10; site=\"tokyo\"
#   help: 1 row, ¥5; site=\"tokyo\"
#   plan: 1 row, ¥30; site=\"tokyo\"
[[match]]
tag = { site = \"tokyo\" }

# soracom: 1 row without a resource, ¥7
#   vpn: 1 row, ¥7
[[allocation.share]]
match = { source = \"soracom\", item = \"vpn\" }
by = \"amount\"
";
    let sorted = |text: &str| {
        let mut tables: Vec<Vec<String>> =
            text.split("\n\n").map(|table| table.lines().map(str::to_owned).collect()).collect();
        tables.iter_mut().for_each(|table| table.sort());
        tables
    };
    assert_eq!(sorted(&run.stdout), sorted(expected), "{}", run.stdout);
}

/// A fee for a part of the month is named, headed and hidden by its own name; the days follow whatever it is called.
#[test]
fn a_fee_by_days_is_named_by_its_own_name() {
    let sandbox = case("moves-within-a-month");
    let item = "[[item]]\nitem = \"回線基本料\"\nname = { ja = \"回線料\", en = \"Line fee\" }\n\
                heading = { ja = \"基本\", en = \"Base\" }\nquantity = \"hide\"\n";
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", format!("{settings}\n{item}"));
    let bravo = String::from_utf8(sandbox.read("customers/bravo.toml")).unwrap();
    sandbox.write("customers/bravo.toml", format!("{bravo}\n[invoice]\nlanguage = \"en\"\n"));
    let run = sandbox.run(&["build", "202208"]);
    assert!(run.code == 0 && !run.stderr.contains("unused-item"), "{}", run.stderr);
    for (customer, line, days, label, heading) in [
        ("acme", 3, "8/1–8/10 (10日)", "回線料 8/1–8/10 (10日)", "基本"),
        ("bravo", 2, "11–31 August (21 days)", "Line fee 11–31 August (21 days)", "Base"),
    ] {
        let invoice = sandbox.json(&format!("out/202208/{customer}/INV-202208-{customer}.json"));
        let item = &invoice["items"][line];
        let found = ["name", "qualifier", "label", "heading"].map(|key| item[key].as_str().unwrap());
        assert_eq!(found, ["回線基本料", days, label, heading]);
        assert!(item["printed"]["quantity"].is_null() && item["printed"]["unit_price"].is_null(), "{item}");
        let page = sandbox.read(&format!("out/202208/{customer}/INV-202208-{customer}.html"));
        let page = String::from_utf8(page).unwrap();
        let page =
            page.replace("<span style=\"white-space:nowrap\">", "").replace("</span>", "").replace("&#x2f;", "/");
        assert!(page.contains(&format!(">{label}<")) && page.contains(heading), "{label}");
        let csv = sandbox.read(&format!("out/202208/{customer}/INV-202208-{customer}.csv"));
        let csv = String::from_utf8(csv).unwrap();
        assert!(csv.contains(",回線基本料,") && csv.contains(&format!(",{label},{heading}")), "{csv}");
    }
    // The next month has the whole fee: the same item, whatever days it was for.
    std::fs::create_dir_all(sandbox.path().join("billing/202209")).unwrap();
    sandbox.write(
        "billing/202209/soracom.csv",
        "imsi,date,billItemName,unitPrice,quantity,amount,customer\n440101234567890,20220905,dataCharge,0.5,10,5,\n",
    );
    let build = sandbox.run(&["build", "202209", "--format", "json"]);
    assert_eq!(build.code, 0, "{}", build.stderr);
    let told = sandbox.run(&["explain", "202209/bravo", "--against", "202208"]);
    let text = told.stdout + &told.stderr;
    assert!(told.code == 0 && text.contains("回線料"), "{text}");
    assert!(!text.contains("8/11") && !text.contains("11–31") && !text.contains("new item"), "{text}");
    let explained = sandbox.run(&["explain", "202208/bravo", "3"]).stdout;
    assert!(explained.contains("line 3: Line fee 11–31 August (21 days) (回線基本料) (fee)"), "{explained}");
    // The record keeps name and days apart, and the documents are made again from it.
    assert_eq!(sandbox.run(&["issue", "202208", "--quiet"]).code, 0);
    let line = &sandbox.json("issued/202208.json")["documents"][0]["items"][3];
    assert_eq!([&line["name"], &line["qualifier"]], ["回線基本料", "8/1–8/10 (10日)"]);
    assert_eq!(sandbox.run(&["verify", "202208"]).stdout, "202208: same (2 documents)\n");
}

/// A divided charge is not common to several customers.
#[test]
fn a_charge_divided_by_days_is_marked_so() {
    let sandbox = case("moves-within-a-month");
    let bravo = String::from_utf8(sandbox.read("customers/bravo.toml")).unwrap();
    for details in ["rows", "resource", "daily", "summary"] {
        let form = format!("\n[invoice]\nlanguage = \"en\"\ndetails = \"{details}\"\n");
        sandbox.write("customers/bravo.toml", format!("{bravo}{form}"));
        sandbox.write("customers/acme.toml", {
            let acme = String::from_utf8(case("moves-within-a-month").read("customers/acme.toml")).unwrap();
            format!("{acme}\n[invoice]\ndetails = \"{details}\"\n")
        });
        let run = sandbox.run(&["build", "202208", "--format", "html"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let page = |customer: &str| {
            let page = sandbox.read(&format!("out/202208/{customer}/INV-202208-{customer}.html"));
            String::from_utf8(page).unwrap()
        };
        let (acme, bravo) = (page("acme"), page("bravo"));
        assert!(acme.contains("<small>日割り</small>") && acme.contains("「日割り」は"), "{details}");
        assert!(bravo.contains("<small>By days</small>") && bravo.contains("“By days” marks"), "{details}");
        assert!(!acme.contains("按分") && !bravo.contains("Shared"), "{details}");
    }
}

/// Charges without a resource can be in a gap of a rule for a tag.
#[test]
fn a_gap_of_charges_without_a_resource_is_named() {
    let sandbox = case("moves-within-a-month");
    let acme = "name = \"acme\"\n[[match]]\nresource = \"440101234567890\"\nuntil = \"2022-08-10\"\n\
                [[match]]\ntag = { customer = \"acme\" }\nuntil = \"2022-08-03\"\n";
    sandbox.write("customers/acme.toml", acme);
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", format!("{settings}\n[allocation]\nunassigned = \"keep\"\n"));
    let bill = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n,20220802,support,,1,7,acme\n\
                ,20220805,support,,1,7,acme\n440101234567890,20220803,dataCharge,0.5,25,12.5,\n";
    for file in std::fs::read_dir(sandbox.path().join("billing/202208")).unwrap() {
        std::fs::write(file.unwrap().path(), bill).unwrap();
    }
    let run = sandbox.run(&["check", "202208"]);
    let expected = "warning[charges-in-gap]: nobody has the charges without a resource on 2022-08-05: 1 row, ¥7\n";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
}
