//! What a customer must never see. Whole months are built in which every cost, price of the provider, markup, weight, tag,
//! path and everything about other customers holds digits that nothing else has, and those are searched for in every byte of
//! each customer's files: streams of the PDF inflated, its attachments unpacked, HTML with comments and attributes.

use std::collections::BTreeSet;

use base64::Engine;
use memchr::memmem;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use serde_json::Value;

use crate::common::Sandbox;

/// Columns of the CSV, and keys of the JSON, that are the issuer's alone.
const COLUMNS: [&str; 5] = ["cost", "file", "row", "share_of", "share_ratio"];
const KEYS: [&str; 7] = ["cost", "origin", "file", "row", "share", "of", "ratio"];

/// What differs from month to month.
#[derive(Clone, Copy, Debug)]
struct Choices {
    seed: u64,
    /// Which customer has which design, level of details and treatment of discounts.
    turn: usize,
    round_at: &'static str,
    by: &'static str,
}

fn choices() -> impl Strategy<Value = Choices> {
    let round_at = prop::sample::select(vec!["line", "item", "invoice"]);
    let by = prop::sample::select(vec!["amount", "quantity", "resources", "even"]);
    (1u64.., 0usize..4, round_at, by).prop_map(|(seed, turn, round_at, by)| Choices { seed, turn, round_at, by })
}

/// A text that only one customer may see, or none.
struct Secret {
    text: String,
    owner: Option<usize>,
}

/// A row of a bill.
struct Row {
    file: String,
    line: usize,
    cost: String,
    /// Who has it whole; shared where none does.
    owner: Option<usize>,
}

struct Month {
    sandbox: Sandbox,
    ids: Vec<String>,
    secrets: Vec<Secret>,
    rows: Vec<Row>,
    state: u64,
}

const CUSTOMERS: usize = 4;
const DISCOUNTS: [&str; 4] = ["marked-up", "at-cost", "keep", "marked-up"];
const DETAILS: [&str; 5] = ["rows", "daily", "summary", "resource", "none"];

impl Month {
    /// Digits that occur nowhere else: none is zero, so that no form of a number cuts any off.
    fn digits(&mut self, count: usize) -> String {
        let mut text = String::new();
        while text.len() < count {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            text.push(char::from(b'1' + u8::try_from(self.state % 9).unwrap()));
        }
        text
    }

    /// A word with digits of its own.
    fn word(&mut self, prefix: &str, owner: Option<usize>) -> String {
        let text = format!("{prefix}{}", self.digits(10));
        self.secrets.push(Secret { text: text.clone(), owner });
        text
    }

    /// A number with decimals of its own, which are what is searched for: whole parts are short.
    fn number(&mut self, whole: &str, owner: Option<usize>) -> String {
        let decimals = self.digits(10);
        let text = format!("{whole}.{decimals}");
        self.secrets.push(Secret { text: decimals, owner });
        text
    }

    fn new(choices: Choices) -> Month {
        let sandbox = Sandbox::new();
        let mut month = Month { sandbox, ids: Vec::new(), secrets: Vec::new(), rows: Vec::new(), state: choices.seed };
        for text in ["invoicer-test-", "billing/", "customers/", "invoicer.toml"] {
            month.secrets.push(Secret { text: text.to_owned(), owner: None });
        }
        let tags: Vec<String> = (0..CUSTOMERS).map(|_| month.word("tag", None)).collect();
        for (at, tag) in tags.iter().enumerate() {
            month.customer(at, tag, choices.turn);
        }
        let file = month.word("bill", None);
        month.workspace(choices, &file);
        month.bill(&tags, &format!("billing/202208/{file}.csv"), choices.turn);
        month.bill_abroad(&tags, &format!("billing/202208/abroad-{file}.csv"));
        month
    }

    fn customer(&mut self, at: usize, tag: &str, turn: usize) {
        let id = self.word("id", Some(at));
        let [name, department, contact, note] =
            ["Name", "Dept", "Contact", "Note"].map(|prefix| self.word(prefix, Some(at)));
        let markup = self.number("13", None);
        let (details, discounts) = (DETAILS[(at + turn) % DETAILS.len()], DISCOUNTS[(at + turn) % 4]);
        let template = ["classic", "modern"][(at + turn / 2) % 2];
        let language = ["ja", "en"][at / 2];
        // One customer has a price of its own for basicCharge.
        let rule = if at == 3 { "[[pricing.rule]]\nitem = \"basicCharge\"\nunit-price = \"52\"\n" } else { "" };
        let text = format!(
            "name = \"{name}\"\ndepartment = \"{department}\"\ncontact = \"{contact}\"\n[[match]]\n\
             tag = {{ customer = \"{tag}\" }}\n[invoice]\nlanguage = \"{language}\"\ntemplate = \"{template}\"\n\
             details = \"{details}\"\nnotes = [\"{note}\"]\n[pricing]\nmarkup = \"{markup}%\"\n\
             discounts = \"{discounts}\"\n{rule}"
        );
        self.sandbox.write(&format!("customers/{id}.toml"), text);
        self.ids.push(id);
    }

    fn workspace(&mut self, choices: Choices, file: &str) {
        let assets = self.word("assets", None);
        let logo =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"10\"><path d=\"M0 0h40v10z\"/></svg>";
        self.sandbox.write(&format!("{assets}/logo.svg"), logo);
        self.sandbox
            .write(&format!("{assets}/face.ttf"), include_bytes!("../../crates/pages/tests/data/fonts/kerned.ttf"));
        let markup = self.number("21", None);
        let ids = self.ids.clone();
        let weights = ids.iter().map(|id| {
            let weight = self.digits(10);
            self.secrets.push(Secret { text: weight.clone(), owner: None });
            format!("{id} = {weight}")
        });
        let weights = weights.collect::<Vec<String>>().join(", ");
        let Choices { round_at, by, .. } = choices;
        let text = format!(
            "[issuer]\nname = \"サンプル通信株式会社\"\nregistration-number = \"T7000012050002\"\n\
             logo = \"{assets}/logo.svg\"\n[pricing]\nround-at = \"{round_at}\"\n[[pricing.rule]]\n\
             item = \"dataCharge\"\nmarkup = \"{markup}%\"\n[fonts]\nfiles = [\"{assets}/face.ttf\"]\n\
             [allocation]\nunassigned = \"keep\"\n[[allocation.share]]\nmatch = {{ item = \"supportPlan\" }}\n\
             by = \"{by}\"\nof = {{ item = \"basicCharge\" }}\n[[allocation.share]]\nmatch = {{ resource = \"vpg-*\" }}\n\
             weights = {{ {weights} }}\n[[fx]]\nmonth = \"202208\"\nfrom = \"USD\"\nto = \"JPY\"\nrate = \"138.70\"\n\
             [[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{{month}}/{file}*.csv\"\n\
             [[source]]\nname = \"abroad\"\nkind = \"soracom-csv\"\ncurrency = \"USD\"\n\
             path = \"billing/{{month}}/abroad-*.csv\"\n"
        );
        self.sandbox.write("invoicer.toml", text);
    }

    fn bill(&mut self, tags: &[String], file: &str, turn: usize) {
        let mut text =
            "imsi,vpgId,date,billItemName,unitPrice,quantity,amount,customer,groupName,name,memo\n".to_owned();
        let mut add = |month: &mut Month, owner: Option<usize>, fields: [&str; 7], kept: bool| {
            let [imsi, vpg, date, item, quantity, cost, name] = fields;
            let [group, memo] = ["group", "memo"].map(|prefix| month.word(prefix, None));
            let price = if quantity.is_empty() { String::new() } else { month.number("7", None) };
            let tag = owner.map_or("", |at| tags[at].as_str());
            text += &format!("{imsi},{vpg},{date},{item},{price},{quantity},{cost},{tag},{group},{name},{memo}\n");
            if !kept {
                let row = Row { file: file.to_owned(), line: text.lines().count(), cost: cost.to_owned(), owner };
                month.rows.push(row);
            }
        };
        for at in 0..CUSTOMERS {
            let (imsi, name) = (self.word("44010", Some(at)), self.word("sim", Some(at)));
            for day in 1..=3 {
                for (item, quantity) in [("basicCharge", "1"), ("dataCharge", "3")] {
                    let cost = self.number("41", None);
                    let date = format!("2022080{day}");
                    add(self, Some(at), [&imsi, "", &date, item, quantity, &cost, &name], false);
                }
            }
            let discounts = DISCOUNTS[(at + turn) % 4];
            // A customer that pays at cost sees what its own discount is.
            let cost = self.number("-2", (discounts == "at-cost").then_some(at));
            add(self, Some(at), [&imsi, "", "202208", "coupon", "", &cost, &name], discounts == "keep");
        }
        for (vpg, item, cost) in [("", "supportPlan", "98"), ("vpg-1", "gateway", "65"), ("", "freeTier", "-4")] {
            let cost = self.number(cost, None);
            let quantity = if item == "freeTier" { "" } else { "1" };
            add(self, None, ["", vpg, "202208", item, quantity, &cost, ""], false);
        }
        // Nobody's: the issuer bears it.
        let (imsi, name, cost) = (self.word("44010", None), self.word("own", None), self.number("33", None));
        add(self, None, [&imsi, "", "20220804", "basicCharge", "1", &cost, &name], true);
        self.sandbox.write(file, text);
    }

    fn bill_abroad(&mut self, tags: &[String], file: &str) {
        let mut text = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n".to_owned();
        for (at, tag) in tags.iter().enumerate().take(2) {
            let (imsi, price, cost) = (self.word("44020", Some(at)), self.number("0", None), self.number("0", None));
            text += &format!("{imsi},20220805,roaming,{price},2,{cost},{tag}\n");
        }
        self.sandbox.write(file, text);
    }

    /// Searches all files of all customers, and compares them with the issuer's. Gives the number of files.
    fn check(&self, out: &str) -> usize {
        let mut count = 0;
        for (path, bytes) in self.sandbox.files() {
            let Some(file) = path.strip_prefix(&format!("{out}/")) else { continue };
            let (directory, name) = file.split_once('/').unwrap_or(("", file));
            if directory.is_empty() || directory == "internal" {
                continue;
            }
            let at = self.ids.iter().position(|id| id == directory).unwrap_or_else(|| panic!("{path}: whose is it?"));
            let read = Everything::of(name, &bytes);
            for secret in self.secrets.iter().filter(|secret| secret.owner != Some(at)) {
                assert!(!read.contains(&secret.text), "{path} holds {}", secret.text);
            }
            for figure in self.figures(out, directory, name) {
                assert!(!read.contains(&figure), "{path} holds the cost {figure}");
            }
            // The search finds what is there.
            let own = &self.ids[at];
            let names =
                self.secrets.iter().filter(|secret| secret.owner == Some(at) && secret.text.starts_with("Name"));
            assert!(read.contains(own), "{path} does not hold {own}");
            for name in names.filter(|_| !path.ends_with(".csv")) {
                assert!(read.contains(&name.text), "{path} does not hold {}", name.text);
            }
            match name.rsplit_once('.').unwrap().1 {
                "json" => self.compare_json(out, file, &bytes),
                "csv" => self.compare_csv(out, file, &bytes),
                _ => {}
            }
            count += 1;
        }
        count
    }

    /// Costs, whole charges and ratios of the full record that are long enough to be no accident, unless the customer pays
    /// just that.
    fn figures(&self, out: &str, id: &str, name: &str) -> BTreeSet<String> {
        let stem = name.rsplit_once('.').unwrap().0;
        let full = self.sandbox.json(&format!("{out}/internal/{id}/{stem}.json"));
        let (mut secret, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for record in full["items"].as_array().unwrap().iter().chain(full["details"].as_array().unwrap()) {
            let text = |value: &Value| value.as_str().unwrap_or_default().trim_start_matches('-').to_owned();
            secret.extend([text(&record["cost"]), text(&record["share"]["of"])]);
            secret.extend(text(&record["share"]["ratio"]).split('/').map(str::to_owned));
            seen.extend([text(&record["amount"]), text(&record["unit_price"])]);
        }
        secret.retain(|figure| figure.len() > 9 && !seen.iter().any(|seen| seen.contains(figure.as_str())));
        secret
    }

    /// The customer's record is the issuer's without what is the issuer's alone.
    fn compare_json(&self, out: &str, file: &str, bytes: &[u8]) {
        let mut full = self.sandbox.json(&format!("{out}/internal/{file}"));
        for record in ["items", "details"].iter().flat_map(|list| full[list].as_array().unwrap().clone()) {
            assert!(record["cost"].is_string(), "{file}: {record}");
        }
        for list in ["items", "details"] {
            for record in full[list].as_array_mut().unwrap() {
                let record = record.as_object_mut().unwrap();
                record.retain(|key, _| !KEYS.contains(&key.as_str()));
            }
        }
        let customers: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(customers, full, "{file}");
    }

    fn compare_csv(&self, out: &str, file: &str, bytes: &[u8]) {
        let rows = |bytes: &[u8]| -> Vec<Vec<String>> {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[3..]);
            reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
        };
        let full = rows(&self.sandbox.read(&format!("{out}/internal/{file}")));
        let secret: Vec<bool> = full[0].iter().map(|name| COLUMNS.contains(&name.as_str())).collect();
        assert_eq!(secret.iter().filter(|secret| **secret).count(), COLUMNS.len(), "{file}");
        let seen = |row: &Vec<String>| -> Vec<String> {
            row.iter().zip(&secret).filter(|(_, secret)| !**secret).map(|(cell, _)| cell.clone()).collect()
        };
        assert_eq!(rows(bytes), full.iter().map(seen).collect::<Vec<_>>(), "{file}");
    }

    /// Every row of the bill is in the full records, with its file, line and cost.
    fn internal_holds_everything(&self, out: &str) {
        let full: Vec<Value> =
            self.ids.iter().map(|id| self.sandbox.json(&format!("{out}/internal/{id}/INV-202208-{id}.json"))).collect();
        for row in &self.rows {
            let is_it =
                |detail: &&Value| detail["origin"]["file"] == row.file.as_str() && detail["origin"]["row"] == row.line;
            for (at, invoice) in full.iter().enumerate().filter(|(at, _)| row.owner.is_none_or(|owner| owner == *at)) {
                let found: Vec<&Value> = invoice["details"].as_array().unwrap().iter().filter(is_it).collect();
                let kept = row.owner.is_none() && found.is_empty();
                if kept {
                    // A discount that the issuer keeps of what is shared.
                    assert!(row.cost.starts_with('-'), "customer {at} lacks {}:{}", row.file, row.line);
                    continue;
                }
                assert_eq!(found.len(), 1, "customer {at}, {}:{}", row.file, row.line);
                match row.owner {
                    Some(_) => assert_eq!(found[0]["cost"], row.cost.as_str()),
                    None => {
                        assert_eq!(found[0]["share"]["of"], row.cost.as_str());
                        assert!(found[0]["share"]["ratio"].as_str().unwrap().contains('/'));
                    }
                }
            }
        }
    }
}

/// All that can be read in a file, as one text: without blanks and commas, which pages and numbers put between digits.
struct Everything(Vec<u8>);

impl Everything {
    fn of(name: &str, bytes: &[u8]) -> Everything {
        let mut all = Everything(Vec::new());
        all.add(bytes);
        match name.rsplit_once('.').unwrap().1 {
            "pdf" => all.pdf(bytes),
            "html" => all.html(std::str::from_utf8(bytes).unwrap()),
            _ => {}
        }
        all
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.push(b'\n');
        self.0.extend(bytes.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b',' && **byte != 0));
    }

    fn contains(&self, text: &str) -> bool {
        memmem::find(&self.0, text.as_bytes()).is_some()
    }

    fn html(&mut self, html: &str) {
        self.add(html.replace("&#x2F;", "/").replace("&#47;", "/").as_bytes());
        // The text without its markup, and what is written in data: URIs.
        let text: String = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
        self.add(text.as_bytes());
        for uri in html.split(";base64,").skip(1) {
            let encoded = uri.split(['"', '\'', ')']).next().unwrap();
            self.add(&base64::engine::general_purpose::STANDARD.decode(encoded).unwrap());
        }
    }

    fn pdf(&mut self, bytes: &[u8]) {
        let pdf = lopdf::Document::load_mem(bytes).unwrap();
        let mut attachments = 0;
        for object in pdf.objects.values() {
            if let lopdf::Object::Stream(stream) = object {
                attachments += usize::from(stream.dict.has_type(b"EmbeddedFile"));
            }
            self.object(object);
        }
        assert_eq!(attachments, 1);
        for (name, value) in &pdf.trailer {
            self.add(name);
            self.object(value);
        }
        let pages: Vec<u32> = pdf.get_pages().into_keys().collect();
        self.add(pdf.extract_text(&pages).unwrap().as_bytes());
    }

    fn object(&mut self, object: &lopdf::Object) {
        match object {
            lopdf::Object::String(text, _) => {
                // UTF-16 of ASCII is found when its zeros are left out, as all zeros are.
                self.add(text);
                let units: Vec<u16> = text
                    .chunks(2)
                    .map(|pair| u16::from(pair[0]) << 8 | u16::from(*pair.get(1).unwrap_or(&0)))
                    .collect();
                self.add(String::from_utf16_lossy(&units).as_bytes());
            }
            lopdf::Object::Name(name) => self.add(name),
            lopdf::Object::Array(list) => list.iter().for_each(|object| self.object(object)),
            lopdf::Object::Dictionary(dictionary) => self.dictionary(dictionary),
            lopdf::Object::Stream(stream) => {
                self.dictionary(&stream.dict);
                self.add(&stream.decompressed_content().unwrap_or_else(|_| stream.content.clone()));
            }
            _ => {}
        }
    }

    fn dictionary(&mut self, dictionary: &lopdf::Dictionary) {
        for (name, value) in dictionary {
            self.add(name);
            self.object(value);
        }
    }
}

fn good(sandbox: &Sandbox, arguments: &[&str]) {
    let run = sandbox.run(arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
}

/// A draft, the built month, the issued one and its corrections.
fn nothing_leaks(choices: Choices) {
    let month = Month::new(choices);
    let sandbox = &month.sandbox;
    good(sandbox, &["build", "202208", "--draft", "--out", "draft", "-q"]);
    assert_eq!(month.check("draft/202208"), 4 * CUSTOMERS);
    good(sandbox, &["build", "202208", "-q"]);
    assert_eq!(month.check("out/202208"), 4 * CUSTOMERS);
    month.internal_holds_everything("out/202208");
    good(sandbox, &["issue", "202208", "-q"]);
    assert_eq!(month.check("out/202208"), 4 * CUSTOMERS);
    let credit = |at: usize, arguments: &[&str]| {
        let number = format!("INV-202208-{}", month.ids[at]);
        let common = ["credit", &number, "--reason", "訂正", "--date", "2022-09-20", "-q"];
        good(sandbox, &[&common, arguments].concat());
    };
    credit(0, &[]);
    credit(1, &["--line", "1=1"]);
    credit(2, &["--reissue"]);
    assert_eq!(month.check("out/202208"), 4 * (CUSTOMERS + 4));
    good(sandbox, &["verify", "202208", "-q"]);
}

#[test]
fn no_byte_of_a_customers_file_tells_what_is_the_issuers() {
    let config =
        ProptestConfig { cases: 6, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&choices(), |choices| {
        nothing_leaks(choices);
        Ok(())
    });
    match result {
        Err(TestError::Fail(reason, choices)) => panic!("{choices:?}: {reason}"),
        Err(error) => panic!("{error}"),
        Ok(()) => {}
    }
}

/// The formats that are asked for are made for both, and the PDF holds the customer's record whether or not that is one.
#[test]
fn each_format_is_made_for_those_who_read_it() {
    let month = Month::new(Choices { seed: 7, turn: 1, round_at: "item", by: "amount" });
    for (formats, customers, issuers) in [
        ("pdf", vec!["pdf"], vec![]),
        ("html", vec!["html"], vec![]),
        ("json", vec!["json"], vec!["json"]),
        ("csv", vec!["csv"], vec!["csv"]),
        ("pdf,csv", vec!["csv", "pdf"], vec!["csv"]),
    ] {
        let id = &month.ids[0];
        let arguments = ["build", "202208", "--customer", id, "--format", formats, "--out", "some", "-q"];
        good(&month.sandbox, &arguments);
        let mut expected: Vec<String> =
            customers.iter().map(|ending| format!("some/202208/{id}/INV-202208-{id}.{ending}")).collect();
        expected.extend(issuers.iter().map(|ending| format!("some/202208/internal/{id}/INV-202208-{id}.{ending}")));
        let files: Vec<String> = month.sandbox.files().into_iter().map(|(path, _)| path).collect();
        let files = files.into_iter().filter(|path| path.starts_with("some/") && path.contains(id.as_str()));
        expected.sort();
        assert_eq!(files.collect::<Vec<String>>(), expected, "{formats}");
        for (path, bytes) in month.sandbox.files().into_iter().filter(|(path, _)| path.ends_with(".pdf")) {
            let read = Everything::of(&path, &bytes);
            assert!(month.secrets.iter().all(|one| one.owner == Some(0) || !read.contains(&one.text)), "{path}");
        }
    }
}
