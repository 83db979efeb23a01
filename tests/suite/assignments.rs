//! Resources that change hands within a month, against a scan over all rows for each charge and day that shares nothing
//! with the program.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::common::Sandbox;

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
        if tables_overlap || charges.iter().any(is_contested) {
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
