//! Taxes of another regime than Japan's. `tests/cases/tax-rates-of-ones-own` and `tests/cases/without-tax` have the
//! arithmetic.

use std::path::Path;

use serde_json::Value;

use crate::common::{Sandbox, copy_tree};
use crate::issuing::good;

fn case(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name), sandbox.path());
    sandbox
}

fn text(sandbox: &Sandbox, path: &str) -> String {
    String::from_utf8(sandbox.read(path)).unwrap()
}

fn change(sandbox: &Sandbox, path: &str, from: &str, to: &str) {
    let before = text(sandbox, path);
    assert!(before.contains(from), "{before}");
    sandbox.write(path, before.replace(from, to));
}

/// Name, rate, base and tax of each row of the tax table, then the total.
fn taxes(document: &Value) -> String {
    let word = |value: &Value, key: &str| value[key].as_str().unwrap_or("-").to_owned();
    let mut text = String::new();
    for tax in document["tax_subtotals"].as_array().unwrap() {
        let [name, rate, taxable, amount] = ["name", "rate", "taxable", "tax"].map(|key| word(tax, key));
        text += &format!("{name} {rate}: {taxable} + {amount}; ");
    }
    text + &word(document, "total")
}

const OF_JAPAN: [&str; 7] = ["消費税", "登録番号", "軽減", "適格", "※", "Consumption", "T7000012050002"];

#[test]
fn documents_state_the_tax_by_its_own_name() {
    let sandbox = case("tax-rates-of-ones-own");
    change(&sandbox, "customers/bravo.toml", "[tax]", "[invoice]\nlanguage = \"ja\"\n[tax]");
    good(sandbox.run(&["build", "202208"]));
    let acme = sandbox.json("out/202208/acme/INV-202208-acme.json");
    let expected =
        "VAT 7.7%: 100 + 7.7; VAT 8.1%: 161.1 + 13.05; VAT 8.1%: 100 + 8.1; - 0%: 9 + 0; MwSt. 3.7%: 36 + 1.33; 436.28";
    assert_eq!((taxes(&acme), &acme["tax_regime"]), (expected.to_owned(), &Value::from("custom")));
    let html = text(&sandbox, "out/202208/acme/INV-202208-acme.html");
    for shown in ["<td class=\"tax\">VAT 8.1%</td>", "<td class=\"tax\">MwSt. 3.7%</td>", "Tax ID CHE-123.456.789 MWST"]
    {
        assert!(html.contains(shown), "{shown}");
    }
    let japanese = text(&sandbox, "out/202208/bravo/INV-202208-bravo.html");
    assert!(japanese.contains("<td class=\"tax\">VAT 2.5%</td>") && japanese.contains("税務番号 CHE-123.456.789 MWST"));
    for word in OF_JAPAN {
        assert!(!html.contains(word) && !japanese.contains(word), "{word}");
    }
    let check = good(sandbox.run(&["check"]));
    assert!(
        check.stderr.contains("tax rates: standard VAT 8.1% (202208-), standard VAT 7.7% (201801-)"),
        "{}",
        check.stderr
    );
}

#[test]
fn a_reduced_rate_of_ones_own_has_no_mark() {
    let sandbox = case("tax-rates-of-ones-own");
    good(sandbox.run(&["build", "202208"]));
    let html = text(&sandbox, "out/202208/bravo/INV-202208-bravo.html");
    assert!(html.contains("VAT 2.5%") && !html.contains('※') && !html.contains("reduced tax rate"));
}

#[test]
fn without_tax_no_document_mentions_it() {
    let sandbox = case("without-tax");
    good(sandbox.run(&["build", "202208"]));
    let acme = text(&sandbox, "out/202208/acme/INV-202208-acme.html");
    assert!(!acme.contains('税') && acme.contains("小計") && acme.contains("合計"));
    let bravo = text(&sandbox, "out/202208/bravo/INV-202208-bravo.html");
    for word in OF_JAPAN.iter().copied().chain(["incl. tax", "excl. tax", "exclude tax", "Out of scope", ">Tax<"]) {
        assert!(!acme.contains(word) && !bravo.contains(word), "{word}");
    }
    let check = good(sandbox.run(&["check", "202208"]));
    assert!(check.stderr.contains("documents state no tax"), "{}", check.stderr);
}

/// What is issued stays as it is, whatever the rates become: 50 of line 1 take back 50 × 0.081 = 4.05, and then everything that
/// is left, 436.28 - 54.05 = 382.23.
#[test]
fn issued_documents_keep_their_tax() {
    let sandbox = case("tax-rates-of-ones-own");
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["issue", "202208"]));
    good(sandbox.run(&["verify", "202208"]));
    let record = sandbox.json("issued/202208.json");
    assert_eq!(
        (&record["documents"][0]["tax_regime"], &record["documents"][0]["total"]),
        (&"custom".into(), &"436.28".into())
    );
    let pdf = sandbox.read("out/202208/acme/INV-202208-acme.pdf");

    change(&sandbox, "invoicer.toml", "rate = \"8.1%\"", "rate = \"8.2%\"");
    let refused = sandbox.run(&["build", "202208"]);
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    good(sandbox.run(&["build", "202208", "--as-issued"]));
    assert_eq!(sandbox.read("out/202208/acme/INV-202208-acme.pdf"), pdf);

    // Under Japan's regime the notes of what was issued state the same tax.
    let settings = text(&sandbox, "invoicer.toml");
    let (head, rest) = settings.split_once("[tax]").unwrap();
    let source = rest.find("[[source]]").unwrap();
    sandbox.write(
        "invoicer.toml",
        format!("{}{}", head.replace("CHE-123.456.789 MWST", "T7000012050002"), &rest[source..]),
    );
    let credit = ["credit", "INV-202208-acme", "--reason", "x", "--date", "2022-09-20"];
    good(sandbox.run(&[&credit[..], &["--line", "1=50"]].concat()));
    good(sandbox.run(&credit));
    let note = |name: &str| sandbox.json(&format!("issued/{name}.json"))["documents"][0].clone();
    assert_eq!(taxes(&note("202208-1")), "VAT 8.1%: -50 + -4.05; -54.05");
    let rest = "VAT 7.7%: -100 + -7.7; VAT 8.1%: -111.1 + -9; VAT 8.1%: -100 + -8.1; - 0%: -9 + 0; MwSt. 3.7%: -36 + -1.33; -382.23";
    assert_eq!(taxes(&note("202208-2")), rest);
    let html = text(&sandbox, "out/202208/acme/CN-INV-202208-acme.html");
    assert!(html.contains("VAT 8.1%") && !html.contains("Consumption"), "{html}");
    sandbox.write("invoicer.toml", settings.replace("8.2%", "8.1%"));
    good(sandbox.run(&["verify", "202208"]));
}

#[test]
fn issued_documents_without_tax_stay_without() {
    let sandbox = case("without-tax");
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["issue", "202208"]));
    good(sandbox.run(&["credit", "INV-202208-acme", "--reason", "x", "--date", "2022-09-20", "--line", "1=100"]));
    let note = sandbox.json("issued/202208-1.json")["documents"][0].clone();
    assert_eq!((taxes(&note), &note["tax_regime"]), ("- 0%: -100 + 0; -100".to_owned(), &"none".into()));
    good(sandbox.run(&["verify", "202208"]));
    good(sandbox.run(&["build", "202208", "--as-issued"]));
}

#[test]
fn exports_say_the_tax_where_they_can() {
    let sandbox = case("tax-rates-of-ones-own");
    let csv = good(sandbox.run(&["export", "202208", "--to", "csv", "--draft", "--out", "-"])).stdout;
    assert!(csv.contains(",lodging,3.7%,売上高,36.00,1.33,37.33,"), "{csv}");
    let json = good(sandbox.run(&["export", "202208", "--to", "json", "--draft", "--out", "-"])).stdout;
    assert!(json.contains("\"category\": \"lodging\""), "{json}");
    sandbox.write("lines.tera", "{% for p in postings %}{{ p.category }} {{ p.rate }} {{ p.tax }}\n{% endfor %}");
    let arguments = ["export", "202208", "--to", "template", "--template", "lines.tera", "--draft", "--out", "-"];
    assert!(good(sandbox.run(&arguments)).stdout.contains("zero 0% 0\n"));
    for program in ["freee", "moneyforward", "yayoi"] {
        let refused = sandbox.run(&["export", "202208", "--to", program, "--draft", "--out", "-"]);
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
        assert!(
            refused.stderr.contains(&format!("{program} books Japan's consumption tax only")),
            "{}",
            refused.stderr
        );
    }
    // What has no tax is 対象外 to the programs.
    let sandbox = case("without-tax");
    let freee = ["export", "202208", "--to", "freee", "--draft", "--customer", "acme", "--out", "-"];
    let freee = good(sandbox.run(&freee)).stdout;
    assert!(freee.contains(",売上高,対象外,2000,内税,0,"), "{freee}");
}

/// 100 in each of four currencies, one with three decimals: each has a total of its own, nowhere their sum of 400.
#[test]
fn sums_of_currencies_are_never_added() {
    let sandbox = Sandbox::new();
    let mut settings = "[issuer]\nname = \"x\"\n[tax]\nregime = \"custom\"\nrounding = \"half-up\"\n[[tax.rate]]\ncategory = \"standard\"\n\
                        rate = \"8.875%\"\nfrom = \"202201\"\nname = \"VAT\"\n[[source]]\nname = \"s\"\nkind = \"soracom-csv\"\n\
                        path = \"billing/{month}/s*.csv\"\n"
        .to_owned();
    for (id, currency) in [("dinar", "KWD"), ("dollar", "USD"), ("euro", "EUR"), ("yen", "JPY")] {
        settings += &format!("[[fx]]\nmonth = \"202208\"\nfrom = \"{currency}\"\nto = \"JPY\"\nrate = \"1\"\n");
        let invoice = format!("[invoice]\ncurrency = \"{currency}\"\nlanguage = \"en\"");
        sandbox.write(
            &format!("customers/{id}.toml"),
            format!("name = \"{id}\"\n{invoice}\n[[fee]]\nname = \"f\"\namount = 100\n"),
        );
    }
    sandbox.write(
        "invoicer.toml",
        settings.replace("[[fx]]\nmonth = \"202208\"\nfrom = \"JPY\"\nto = \"JPY\"\nrate = \"1\"\n", ""),
    );
    sandbox.write("billing/202208/s.csv", "imsi,date,billItemName,unitPrice,quantity,amount\n");
    let built = good(sandbox.run(&["build", "202208"]));
    for (id, tax) in [("dinar", "8.875"), ("dollar", "8.88"), ("euro", "8.88"), ("yen", "9")] {
        let invoice = sandbox.json(&format!("out/202208/{id}/INV-202208-{id}.json"));
        assert_eq!((&invoice["subtotal"], &invoice["tax"]), (&"100".into(), &tax.into()), "{id}");
    }
    let totals: Vec<String> = built
        .stderr
        .lines()
        .filter(|line| line.starts_with("total"))
        .map(|line| line.split_whitespace().collect::<Vec<&str>>().join(" "))
        .collect();
    for expected in ["JPY 1 ¥100 ¥9 ¥109", "USD 1 $100.00 $8.88 $108.88", "EUR 1 €100.00 €8.88 €108.88"] {
        assert!(totals.iter().any(|line| line.contains(expected)), "{expected}: {totals:?}");
    }
    assert_eq!(totals.len(), 4, "{totals:?}");
    assert!(
        totals[1..].iter().chain(&totals[..1]).any(|line| line.contains("KWD") && line.contains("108.875")),
        "{totals:?}"
    );
    let review = text(&sandbox, "out/202208/index.html");
    for shown in [&built.stderr, &review] {
        assert!(!shown.contains("400") || !shown.contains("¥400"), "{shown}");
    }
}
