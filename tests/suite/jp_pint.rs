//! E-invoices: the checks of JP PINT over files of others, each with its mistake.

use std::path::{Path, PathBuf};

use invoicer::diagnostic::Problems;
use invoicer::export::jp_pint::{EInvoice, Source, TaxRule, check};
use invoicer::model::amount::Amount;
use invoicer::model::invoice::TaxSubtotal;
use invoicer::model::rounding::Rounding;
use invoicer::model::settings::Settings;
use invoicer::model::tax::{TaxCategory, TaxRate};
use invoicer::model::wording::Wording;
use invoicer::workspace;

use crate::common::{Sandbox, copy_tree};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/jp-pint").join(name)
}

fn messages(bytes: &[u8], rounding: Option<Rounding>) -> Vec<String> {
    let rule = rounding.map(|rounding| TaxRule { rounding, subtotals: &[] });
    check("x.xml", bytes, rule).into_iter().map(|finding| finding.message).collect()
}

/// The official rules refuse the first three of them alone.
#[test]
fn given_files_are_refused_for_what_is_wrong_with_them() {
    let refused = |name: &str| messages(&std::fs::read(data(name)).unwrap(), None);
    let twelve = "expected 10 % in category S in 202610, found 12";
    let ten = "expected 0 % in category G in 202610, found 10";
    let reduced = "8 % has been the reduced rate since 2019-10: expected category AA, found S";
    for (name, expected) in [
        ("reseller-sample.xml", &[][..]),
        ("m-25pct.xml", &[twelve; 4]),
        ("m-g10.xml", &[ten; 2]),
        ("m-o-percent.xml", &["category O has no cbc:Percent"; 2]),
        ("m-8-as-s.xml", &[reduced; 2]),
        ("m-perline.xml", &["no way of rounding gives all taxes of the invoice"]),
        ("m-taxable.xml", &["the lines of S 10% add up to 172222, their subtotal is of 172223"]),
        ("m-dupgroup.xml", &["a second subtotal of S 10%"]),
    ] {
        assert_eq!(refused(name), expected, "{name}");
    }
}

#[test]
fn taxes_are_those_of_the_issuers_rounding() {
    let sample = std::fs::read(data("reseller-sample.xml")).unwrap();
    assert_eq!(messages(&sample, Some(Rounding::Down)), [""; 0]);
    assert_eq!(
        messages(&sample, Some(Rounding::Up)),
        ["a tax of 17222 on 172222 of S 10%: expected 17223 (up)", "a tax of 172 on 2160 of AA 8%: expected 173 (up)",]
    );
}

/// USD 9.15 with a tax of 10 %: 0.915, which is 0.92 rounded half up. 0.91 is the tax that 10.06 include, 0.9145…: right
/// for prices that include it, and for no others. Prices of both kinds are rounded apart: 0.258 and 0.0190… are 0.25 and 0.01,
/// where their sum, 2.78, would give 0.27.
#[test]
fn taxes_are_exactly_what_the_rule_of_the_document_gives() {
    let subtotal = |taxable: &str, tax: &str, tax_included: bool| TaxSubtotal {
        category: TaxCategory::Standard,
        rate: TaxRate::whole(10),
        name: None,
        taxable: Amount::parse(taxable.as_bytes()).unwrap(),
        tax: Amount::parse(tax.as_bytes()).unwrap(),
        tax_jpy: None,
        tax_included,
    };
    let file = std::fs::read_to_string(data("202310-0002.xml")).unwrap();
    let told = |taxable: &str, tax: &str, rounding: Rounding, subtotals: &[TaxSubtotal]| {
        let changed =
            file.replace("USD\">2.58<", &format!("USD\">{taxable}<")).replace("USD\">0.25<", &format!("USD\">{tax}<"));
        let found = check("x.xml", changed.as_bytes(), Some(TaxRule { rounding, subtotals }));
        let messages = found.into_iter().map(|finding| finding.message);
        messages.filter(|message| message.starts_with("a tax of")).collect::<Vec<String>>()
    };
    let half = Rounding::HalfUp;
    assert_eq!(told("9.15", "0.91", half, &[]), ["a tax of 0.91 on 9.15 of S 10%: expected 0.92 (half-up)"]);
    assert_eq!(told("9.15", "0.91", half, &[subtotal("9.15", "0.91", false)]).len(), 1);
    assert_eq!(told("9.15", "0.91", half, &[subtotal("9.15", "0.91", true)]), [""; 0]);
    assert_eq!(told("9.15", "0.92", half, &[subtotal("9.14", "0.92", true)]).len(), 1);
    // 0.12 with the tax: 0.0109…, up 0.02 of 0.10. The official rules want it below a dollar.
    assert_eq!(told("0.10", "0.02", Rounding::Up, &[subtotal("0.10", "0.02", true)]), [""; 0]);
    assert_eq!(told("0.10", "0.02", Rounding::Up, &[]), ["a tax of 0.02 on 0.1 of S 10%: expected 0.01 (up)"]);
    let mixed = [subtotal("2.58", "0.25", false), subtotal("0.20", "0.01", true)];
    assert_eq!(told("2.78", "0.26", Rounding::Down, &mixed), [""; 0]);
    assert_eq!(told("2.78", "0.27", Rounding::Down, &mixed), ["a tax of 0.27 on 2.78 of S 10%: expected 0.26 (down)"]);
}

/// A change of a file: its name, what is replaced with what, and the messages that then come.
#[derive(Default)]
struct Mutant<'t> {
    file: &'t str,
    name: &'t str,
    replaced: Vec<(&'t str, &'t str)>,
    messages: Vec<&'t str>,
}

fn mutants(text: &str) -> Vec<Mutant<'_>> {
    let mut mutants: Vec<Mutant<'_>> = Vec::new();
    let mut of_file = "";
    for line in text.lines().skip_while(|line| !line.starts_with('@')) {
        if let Some(file) = line.strip_prefix("@ ") {
            of_file = file;
        } else if let Some(name) = line.strip_prefix("== ") {
            mutants.push(Mutant { file: of_file, name, ..Mutant::default() });
        }
        let Some(mutant) = mutants.last_mut() else { continue };
        match line.split_at_checked(1) {
            Some(("-", old)) => mutant.replaced.push((old.trim(), "")),
            Some(("+", new)) => mutant.replaced.last_mut().unwrap().1 = new.trim(),
            Some(("=", message)) if !message.starts_with('=') => mutant.messages.push(message.trim()),
            _ => {}
        }
    }
    mutants
}

#[test]
fn each_check_refuses_what_no_other_does() {
    let text = std::fs::read_to_string(data("mutants.txt")).unwrap();
    let mutants = mutants(&text);
    assert!(mutants.len() > 50, "{}", mutants.len());
    let mut wrong = Vec::new();
    for mutant in mutants {
        let file = std::fs::read_to_string(data(mutant.file)).unwrap();
        let mut changed: String = file.lines().map(str::trim).collect();
        for (old, new) in &mutant.replaced {
            assert_eq!(changed.matches(old).count(), 1, "{}: {old}", mutant.name);
            changed = changed.replace(old, new);
        }
        let found = messages(changed.as_bytes(), None);
        if found != mutant.messages {
            wrong.push(format!("{}: {found:#?}", mutant.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The month of `tests/jp-pint`, issued, with credit notes in part and in whole, and a corrected invoice.
fn sample() -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jp-pint/workspace"), sandbox.path());
    for command in [
        "build 202310 -q",
        "issue 202310 -q",
        "credit 202310-0001 --reason 解約のため --date 2023-11-10 --line 1=100 -q",
        "credit 202310-0001 --reason 取り消し --date 2023-11-20 --refund-note 翌月のお支払いから差し引きます -q",
        "credit 202310-0003 --reason 単価の誤り --date 2023-11-21 --reissue -q",
    ] {
        let run = sandbox.run(&command.split(' ').collect::<Vec<&str>>());
        assert_eq!(run.code, 0, "{command}: {}", run.stderr);
    }
    sandbox
}

/// Makes the e-invoice of a document in `out/202310/`, with its CSV, after a change of the workspace's settings.
fn e_invoice(sandbox: &Sandbox, document: &str, change: impl FnOnce(&mut Settings)) -> Result<EInvoice, Problems> {
    let rules = workspace::load_for(sandbox.path(), &["202310".parse().unwrap()]).unwrap().settings;
    let mut now = rules.clone();
    change(&mut now);
    let read = |ending: &str| sandbox.read(&format!("out/202310/{document}.{ending}"));
    let (json, csv) = (read("json"), read("csv"));
    let name = format!("{}.csv", document.rsplit('/').next().unwrap());
    EInvoice::of(&Source { json: &json, csv: Some((&name, &csv)), as_issued: &rules, now: &now, path: "x.xml" })
}

/// Every document of the sample: an invoice with all tax categories, one in dollars, one with prices that include the tax,
/// credit notes, a corrected invoice. `BLESS=1` writes the files; they are valid by the schema of UBL 2.1 and pass the official
/// rules of JP PINT 1.1.3.
#[test]
fn documents_are_written_as_expected() {
    let sandbox = sample();
    let documents: Vec<(String, Vec<u8>)> = sandbox
        .files()
        .into_iter()
        .filter(|(path, _)| {
            path.starts_with("out/202310/") && path.ends_with(".json") && path.matches('/').count() == 3
        })
        .filter(|(path, _)| !path.contains("internal"))
        .collect();
    assert_eq!(documents.len(), 7, "{documents:?}");
    for (path, _) in documents {
        let document = path.trim_start_matches("out/202310/").trim_end_matches(".json");
        let made = e_invoice(&sandbox, document, |_| ()).unwrap_or_else(|problems| panic!("{document}: {problems:#?}"));
        assert_eq!(made.warnings, []);
        let golden = data(&format!("{}.xml", made.number));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&golden, &made.bytes).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap();
        assert_eq!(String::from_utf8(made.bytes).unwrap(), expected, "{}", golden.display());
    }
}

#[test]
fn what_a_document_lacks_is_refused() {
    let sandbox = sample();
    let messages = |change: &dyn Fn(&mut Settings)| -> Vec<String> {
        let problems = e_invoice(&sandbox, "acme/202310-0001", change).unwrap_err();
        problems.into_iter().map(|problem| problem.message).collect()
    };
    let acme = |settings: &mut Settings| settings.customers.iter().position(|customer| customer.id == "acme").unwrap();
    let abroad = messages(&|settings| {
        let acme = acme(settings);
        settings.customers[acme].country = "NO".to_owned();
    });
    assert_eq!(abroad, ["the customer \"acme\" is in NO: JP PINT is for receivers in Japan"]);
    let full_width = messages(&|settings| {
        settings.issuer.banks[0].name = Wording::Only("サンプルツウシン（カ".to_owned());
        settings.issuer.peppol = "0221:T1000012050002".parse().ok();
    });
    assert_eq!(full_width, ["expected the account's name in half-width kana, found \"サンプルツウシン（カ\""]);
}

/// A document's JSON with a text of it replaced.
fn of_changed_json(sandbox: &Sandbox, document: &str, old: &str, new: &str) -> Result<EInvoice, Problems> {
    let rules = workspace::load(sandbox.path()).unwrap().settings;
    let json = String::from_utf8(sandbox.read(&format!("out/202310/{document}.json"))).unwrap();
    assert!(json.contains(old), "{old}");
    let json = json.replace(old, new);
    EInvoice::of(&Source { json: json.as_bytes(), csv: None, as_issued: &rules, now: &rules, path: "x.xml" })
}

#[test]
fn registration_numbers_are_needed_since_2023_10() {
    let sandbox = sample();
    let (old, new) = ("\"registration_number\": \"T7000012050002\"", "\"registration_number\": null");
    let problems = of_changed_json(&sandbox, "acme/202310-0001", old, new).unwrap_err();
    assert_eq!(problems[0].message, "202310-0001 was issued without a registration number");
    // A sole proprietor's number, whose digits are no corporate number.
    let sole = of_changed_json(&sandbox, "acme/202310-0001", "T7000012050002", "T1000012050002").unwrap_err();
    assert_eq!(sole[0].message, "the check digit of 0188:1000012050002 does not fit");
    let tax = of_changed_json(&sandbox, "bravo/202310-0002", "\"tax_jpy\": \"", "\"tax_jpn\": \"").unwrap_err();
    assert_eq!(tax[0].message, "the tax of standard 10% in USD is not stated in yen");
    let control = of_changed_json(&sandbox, "acme/202310-0001", "備蓄飲料水", "備蓄\\u0001").unwrap_err();
    assert_eq!(control[0].message, "the character U+0001 in Name cannot be written to XML");
}

#[test]
fn addresses_are_assumed_only_where_none_is_set() {
    let sandbox = sample();
    let receiver = |document: &str| {
        let made = e_invoice(&sandbox, document, |_| ()).unwrap();
        (made.receiver.to_string(), made.is_assumed)
    };
    assert_eq!(receiver("acme/202310-0001"), ("0221:T4011001098993".to_owned(), true));
    assert_eq!(receiver("bravo/202310-0002"), ("0188:8700110005901".to_owned(), false));
}

/// All documents of the month are written, the same bytes each time, from what was kept or, where nothing was, made again.
#[test]
fn a_month_is_exported() {
    let sandbox = sample();
    let run = |arguments: &str| sandbox.run(&arguments.split(' ').collect::<Vec<&str>>());
    let first = run("export 202310 --to jp-pint");
    assert_eq!(first.code, 0, "{}", first.stderr);
    let assumed = "note: 202310-0001 goes to 0221:T4011001098993\nhint: this is its registration number";
    assert!(first.stderr.contains(assumed), "{}", first.stderr);
    assert!(first.stderr.contains("note: 202310-0002 goes to 0188:8700110005901\n"), "{}", first.stderr);
    let written = || -> Vec<(String, Vec<u8>)> {
        sandbox.files().into_iter().filter(|(path, _)| path.starts_with("export/202310/jp-pint/")).collect()
    };
    let files = written();
    assert_eq!(files.len(), 7);
    for (path, bytes) in &files {
        let golden = std::fs::read(data(path.rsplit('/').next().unwrap())).unwrap();
        assert_eq!(String::from_utf8_lossy(bytes), String::from_utf8_lossy(&golden), "{path}");
    }
    let again = run("export 202310 --to jp-pint --new");
    assert!(again.code == 0 && again.stderr.contains("nothing new to export to jp-pint"), "{}", again.stderr);
    let checked = run("export 202310 --to jp-pint --check export/202310/jp-pint/202310-0001.xml");
    assert!(checked.code == 0 && checked.stderr.contains("no mistakes in export/"), "{}", checked.stderr);

    sandbox.write("one.xml", "");
    let one = run("export 202310 --to jp-pint --out one.xml");
    assert!(one.code == 1 && one.stderr.contains("expected a directory after --out, found a file"), "{}", one.stderr);

    // Another address, and no attachment any more: what was issued stays.
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", settings.replace("attach = [\"csv\"]\n", "").replace("サンプル通信", "ほかの"));
    let changed = run("export 202310 --to jp-pint --number 202310-0001");
    assert_eq!(changed.code, 0, "{}", changed.stderr);
    let text = String::from_utf8(sandbox.read("export/202310/jp-pint/202310-0001.xml")).unwrap();
    assert!(text.contains("サンプル通信株式会社") && !text.contains("text/csv"), "{text}");
    sandbox.write("invoicer.toml", settings);

    // A document that was kept and is another now.
    let kept = "issued/202310/documents/acme/202310-0001.json";
    let json = String::from_utf8(sandbox.read(kept)).unwrap();
    sandbox.write(kept, json.replace("備蓄飲料水", "備蓄"));
    std::fs::remove_dir_all(sandbox.path().join("export")).unwrap();
    let refused = run("export 202310 --to jp-pint");
    assert!(refused.code == 1 && written().is_empty(), "{}", refused.stderr);
    sandbox.write(kept, json);
}

/// Numbers that differ only in what file names lack, or in case: the later document's file has another name, whichever
/// documents an export has.
#[test]
fn files_of_like_numbers_are_told_apart() {
    for (one, other, files) in [
        ("{month}/acme", "{month}_acme", ["202310_acme.xml", "202310_acme-2.xml"]),
        ("R-{month}", "r-{month}", ["R-202310.xml", "r-202310-2.xml"]),
    ] {
        let sandbox = Sandbox::new();
        copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jp-pint/workspace"), sandbox.path());
        for (customer, number) in [("acme", one), ("charlie", other)] {
            let path = format!("customers/{customer}.toml");
            let text = String::from_utf8(sandbox.read(&path)).unwrap();
            sandbox.write(&path, format!("{text}\n[invoice]\nnumber = \"{number}\"\n"));
        }
        let run = |line: &str| {
            let run = sandbox.run(&line.split(' ').collect::<Vec<&str>>());
            assert_eq!(run.code, 0, "{line}: {}", run.stderr);
        };
        for line in [
            "build 202310 -q",
            "issue 202310 -q",
            "export 202310 --to jp-pint -q --out together",
            "export 202310 --to jp-pint -q --out apart --customer charlie",
            "export 202310 --to jp-pint -q --out apart --customer acme",
        ] {
            run(line);
        }
        for (file, number) in files.iter().zip([one, other]) {
            let id = format!("<cbc:ID>{}</cbc:ID>", number.replace("{month}", "202310"));
            let written = sandbox.read(&format!("together/{file}"));
            assert!(String::from_utf8_lossy(&written).contains(&id), "{file}");
            assert!(sandbox.read(&format!("apart/{file}")) == written, "{file}");
        }
        assert_eq!(std::fs::read_dir(sandbox.path().join("apart")).unwrap().count(), 2);
    }
}

/// What another document has under the same name is not replaced, and nothing is written beside it.
#[test]
fn the_file_of_another_months_document_stays() {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jp-pint/workspace"), sandbox.path());
    for line in ["build 202310 -q", "issue 202310 -q", "export 202310 --to jp-pint -q --out shared"] {
        let run = sandbox.run(&line.split(' ').collect::<Vec<&str>>());
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
    }
    let path = "shared/202310-0001.xml";
    let own = String::from_utf8(sandbox.read(path)).unwrap();
    let other = own.replace("<cbc:ID>202310-0001</cbc:ID>", "<cbc:ID>202310/0001</cbc:ID>");
    assert_ne!(own, other);
    sandbox.write(path, &other);
    std::fs::remove_file(sandbox.path().join("shared/202310-0002.xml")).unwrap();
    let run = sandbox.run(&["export", "202310", "--to", "jp-pint", "-q", "--out", "shared"]);
    let expected = "error: this file is of the document 202310/0001, not of 202310-0001\n --> shared/202310-0001.xml\n  \
                    hint: name a directory for each month after --out";
    let flat = |text: &str| text.split_whitespace().collect::<Vec<&str>>().join(" ");
    assert!(run.code == 1 && flat(&run.stderr).contains(&flat(expected)), "{}", run.stderr);
    assert_eq!(String::from_utf8(sandbox.read(path)).unwrap(), other);
    assert!(!sandbox.path().join("shared/202310-0002.xml").exists());
}

/// Drafts say so, and each has a number of its own although none is given yet.
#[test]
fn drafts_are_marked() {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jp-pint/workspace"), sandbox.path());
    let run = |line: &str| sandbox.run(&line.split(' ').collect::<Vec<&str>>());
    let drafted = run("export 202310 --to jp-pint --draft");
    assert_eq!(drafted.code, 0, "{}", drafted.stderr);
    for (id, mark) in
        [("acme", "DRAFT　下書き・未発行"), ("bravo", "DRAFT – not issued"), ("charlie", "DRAFT　下書き・未発行")]
    {
        let path = format!("export/202310/jp-pint-draft/202310-draft-{id}.xml");
        let text = String::from_utf8(sandbox.read(&path)).unwrap();
        assert!(text.contains(&format!("<cbc:ID>202310-draft-{id}</cbc:ID>")), "{text}");
        assert!(text.contains(&format!("<cbc:Note>{mark}\n")), "{text}");
        let checked = run(&format!("export 202310 --to jp-pint --check {path}"));
        assert_eq!(checked.code, 0, "{}", checked.stderr);
    }
    assert!(!sandbox.path().join("issued").exists());
    for command in ["build 202310 -q", "issue 202310 -q"] {
        assert_eq!(run(command).code, 0);
    }
    let late = run("export 202310 --to jp-pint --draft");
    assert!(late.code == 1 && late.stderr.contains("no drafts any more"), "{}", late.stderr);
}

/// Without kept documents, the month is made again from its bills and rules.
#[test]
fn a_month_without_kept_documents_is_exported() {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jp-pint/workspace"), sandbox.path());
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", settings + "\n[issue]\nkeep = []\n");
    for command in ["build 202310 -q", "issue 202310 -q", "export 202310 --to jp-pint -q"] {
        let run = sandbox.run(&command.split(' ').collect::<Vec<&str>>());
        assert_eq!(run.code, 0, "{command}: {}", run.stderr);
    }
    for number in ["202310-0001", "202310-0002", "202310-0003"] {
        let written = sandbox.read(&format!("export/202310/jp-pint/{number}.xml"));
        assert!(written == std::fs::read(data(&format!("{number}.xml"))).unwrap(), "{number}");
    }
}

/// A CSV above 5 MiB, and an invoice from before registration numbers.
#[test]
fn what_is_unusual_is_warned_of() {
    let sandbox = sample();
    let rules = workspace::load(sandbox.path()).unwrap().settings;
    let mut now = rules.clone();
    now.issuer.peppol = "0188:7000012050002".parse().ok();
    let json = String::from_utf8(sandbox.read("out/202310/acme/202310-0001.json")).unwrap();
    let json = json.replace("\"registration_number\": \"T7000012050002\"", "\"registration_number\": null");
    let json = json.replace("\"month\": \"202310\"", "\"month\": \"202309\"");
    let csv = vec![b'a'; (5 << 20) + 1];
    let csv = Some(("a.csv", csv.as_slice()));
    let source = Source { json: json.as_bytes(), csv, as_issued: &rules, now: &now, path: "x.xml" };
    let made = EInvoice::of(&source).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let warnings: Vec<&str> = made.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(
        warnings,
        ["202310-0001 has no registration number", "a.csv, attached to 202310-0001, is larger than 5 MiB"]
    );
    assert!(made.warnings.iter().all(|warning| !warning.is_error()));
}
