//! Characters that no font has, in a provider's texts: printed as 〓, told, and never a reason not to bill.

use crate::common::Sandbox;

const WORKSPACE: &str = "[issuer]\nname = \"サンプル通信\"\n[[source]]\nname = \"s\"\nkind = \"soracom-csv\"\n\
                         path = \"billing/{month}/*.csv\"\n[[tax.rule]]\nitem = \"*\"\ncategory = \"out-of-scope\"\n";

/// Two customers; the rows are customer, item and name of the SIM, one yen each.
fn workspace(rows: &[(&str, &str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", WORKSPACE);
    for id in ["acme", "bravo"] {
        sandbox.write(
            &format!("customers/{id}.toml"),
            format!("name = \"{id}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n"),
        );
    }
    let lines = rows.iter().enumerate().map(|(index, (customer, item, name))| {
        format!("44010123450000{index},20220801,{item},1,1,{customer},{name}\n")
    });
    let bill = format!("imsi,date,billItemName,quantity,amount,customer,name\n{}", lines.collect::<String>());
    sandbox.write("billing/202208/soracom.csv", bill);
    sandbox
}

/// Customer and message of the warnings of that code.
fn told(sandbox: &Sandbox) -> Vec<(Option<String>, String)> {
    let summary = sandbox.json("out/202208/summary.json");
    let details = summary["warning_details"].as_array().unwrap().iter();
    let of_code = details.filter(|detail| detail["code"] == "missing-glyph");
    let word = |detail: &serde_json::Value, key: &str| detail[key].as_str().map(str::to_owned);
    of_code.map(|detail| (word(detail, "customer"), word(detail, "message").unwrap())).collect()
}

fn text_of(sandbox: &Sandbox, customer: &str) -> String {
    let pdf = sandbox.read(&format!("out/202208/{customer}/INV-202208-{customer}.pdf"));
    let pdf = lopdf::Document::load_mem(&pdf).unwrap();
    let pages: Vec<u32> = pdf.get_pages().into_keys().collect();
    pdf.extract_text(&pages).unwrap()
}

#[test]
fn a_character_of_a_bill_that_no_font_has_is_printed_as_a_stand_in_and_told() {
    let sandbox = workspace(&[
        ("acme", "basic🚀", "屋上🛰\u{fe0f}センサ"),
        ("acme", "basic🚀", "𠮷野家・葛\u{e0100}城"),
        ("bravo", "basic🚀", "玄関"),
    ]);
    let run = sandbox.run(&["build", "202208"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    // In acme's: one item, two rows of the appendix, one of the chart if there is one; in bravo's: one item and one row.
    let warnings = told(&sandbox);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let (customer, message) = &warnings[0];
    assert_eq!(*customer, None);
    let start = "no font has the character '🚀' (U+1F680) of the bills: 〓 stands in its place ";
    assert!(message.starts_with(start) && message.ends_with(" times in 2 invoices (item name)"), "{message}");
    let satellite = "no font has the character '🛰' (U+1F6F0) of the bills: 〓 stands in its place 1 time in 1 invoice (resource name)";
    assert_eq!(warnings[1], (Some("acme".to_owned()), satellite.to_owned()));
    assert!(run.stderr.contains("warning[missing-glyph]: no font has the character '🚀'"), "{}", run.stderr);
    assert!(run.stderr.contains("printed for acme, bravo\n"), "{}", run.stderr);

    let acme = text_of(&sandbox, "acme").replace(' ', "");
    assert!(acme.contains("basic〓") && acme.contains("屋上〓センサ"), "{acme}");
    assert!(acme.contains("𠮷野家・葛\u{e0100}城"), "{acme}");
    // Browsers have fonts of their own, and data are data.
    for ending in ["html", "json", "csv"] {
        let text = String::from_utf8(sandbox.read(&format!("out/202208/acme/INV-202208-acme.{ending}"))).unwrap();
        assert!(text.contains("basic🚀") && text.contains("🛰\u{fe0f}") && !text.contains('〓'), "{ending}");
    }
    let checked = sandbox.run(&["check", "202208"]);
    assert_eq!(checked.code, 0);
    assert!(checked.stderr.contains(start), "{}", checked.stderr);
}

#[test]
fn the_warning_can_be_denied_or_ignored() {
    let sandbox = workspace(&[("acme", "basic🚀", ""), ("bravo", "basic🚀", "")]);
    sandbox.write("invoicer.toml", format!("{WORKSPACE}[warnings]\nignore = [\"unnamed-item\"]\n"));
    for command in ["check", "build"] {
        let run = sandbox.run(&[command, "202208", "--deny-warnings"]);
        assert_eq!(run.code, 1, "{command}");
        assert!(run.stderr.contains("error[missing-glyph]: no font has the character '🚀'"), "{}", run.stderr);
    }
    assert!(!sandbox.path().join("out/202208").exists());
    // A customer that ignores it does not count.
    let acme = "name = \"acme\"\n[[match]]\ntag = { customer = \"acme\" }\n[warnings]\nignore = [\"missing-glyph\"]\n";
    sandbox.write("customers/acme.toml", acme);
    assert_eq!(sandbox.run(&["build", "202208"]).code, 0);
    let warnings = told(&sandbox);
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].0.as_deref(), Some("bravo"));
    sandbox.write("invoicer.toml", format!("{WORKSPACE}[warnings]\nignore = [\"missing-glyph\", \"unnamed-item\"]\n"));
    assert_eq!(sandbox.run(&["build", "202208", "--deny-warnings"]).code, 0);
    assert!(told(&sandbox).is_empty());
}

#[test]
fn a_pattern_for_such_a_name_is_no_mistake() {
    let sandbox = workspace(&[("acme", "basic", "📡1"), ("bravo", "basic", "玄関")]);
    let acme = "name = \"acme\"\n[[match]]\nresource-name = \"📡*\"\n";
    sandbox.write("customers/acme.toml", acme);
    let run = sandbox.run(&["build", "202208"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(told(&sandbox).len(), 1);
}

/// Departments are texts of the bill until a `[[section]]` names them: printed above the items and in the appendix.
#[test]
fn a_character_of_a_section_is_the_bills_unless_a_table_names_it() {
    let sandbox = workspace(&[]);
    let bill = "imsi,date,billItemName,quantity,amount,customer,department\n1,20220801,basic,1,1,acme,🚀課\n";
    sandbox.write("billing/202208/soracom.csv", bill);
    let sections = format!("[invoice]\nsections = \"tag:department\"\n{WORKSPACE}");
    for details in ["rows", "daily", "summary"] {
        let details = format!("[invoice]\ndetails = \"{details}\"\n");
        sandbox.write("invoicer.toml", sections.replace("[invoice]\n", &details));
        let run = sandbox.run(&["build", "202208"]);
        assert_eq!(run.code, 0, "{details}{}", run.stderr);
        let warnings = told(&sandbox);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].1.ends_with(" in 1 invoice (group)"), "{warnings:?}");
        assert!(text_of(&sandbox, "acme").replace(' ', "").contains("〓課"), "{details}");
    }
    let named = "[[section]]\nvalue = \"🚀課\"\nname = \"宇宙🚀課\"\n";
    sandbox.write("invoicer.toml", format!("{sections}{named}"));
    let refused = sandbox.run(&["build", "202208"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("error: no font has the character '🚀' (U+1F680)"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--> invoicer.toml:"), "{}", refused.stderr);
}

#[test]
fn an_issued_month_comes_out_again_with_its_stand_ins() {
    let sandbox = workspace(&[("acme", "basic🚀", ""), ("bravo", "basic", "")]);
    assert_eq!(sandbox.run(&["build", "202208"]).code, 0);
    let issued = sandbox.run(&["issue", "202208"]);
    assert_eq!(issued.code, 0, "{}", issued.stderr);
    assert!(issued.stderr.contains("missing-glyph"), "{}", issued.stderr);
    assert_eq!(sandbox.run(&["verify", "202208"]).code, 0);
    let credited = sandbox.run(&["credit", "INV-202208-acme", "--reason", "test"]);
    assert_eq!(credited.code, 0, "{}", credited.stderr);
    assert!(credited.stderr.contains("warning[missing-glyph]: "), "{}", credited.stderr);
}
