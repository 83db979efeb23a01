//! Credit notes for parts of an invoice: what they take back, what they refuse, and how they are explained.

use crate::common::{Run, Sandbox};

fn good(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

/// billing-rules §8, issued: acme is billed 357 + 15 − 37 = 335 and 34 of tax, 369.
fn issued() -> Sandbox {
    let sandbox = crate::explain::worked_example();
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["issue", "202208", "-q"]));
    sandbox
}

fn credit(sandbox: &Sandbox, more: &[&str]) -> Run {
    let common = ["credit", "INV-202208-acme", "--reason", "解約", "--date", "2022-09-20", "-q"];
    sandbox.run(&[&common[..], more].concat())
}

/// 300 of line 1: tax of 30. Then 7 of line 2: 307 in all, 30.7, up to 31, so 1. Then the rest, 28 and 34 − 31 = 3.
#[test]
fn parts_end_at_the_invoice() {
    let sandbox = issued();
    good(credit(&sandbox, &["--line", "1=300"]));
    let run = credit(&sandbox, &["--line", "1", "--line", "2"]);
    assert_eq!(run.code, 1);
    let expected =
        "lines 1, 2 of INV-202208-acme are 72 JPY, but only 35 JPY of standard 10% items are left to take back";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    good(credit(&sandbox, &["--line", "2=7"]));
    good(credit(&sandbox, &[]));
    let record = |name: &str| sandbox.json(&format!("issued/202208-{name}.json"))["documents"][0].clone();
    let figures = |name: &str| ["subtotal", "tax", "total"].map(|key| record(name)[key].as_str().unwrap().to_owned());
    assert_eq!(figures("1"), ["-300", "-30", "-330"]);
    assert_eq!(figures("2"), ["-7", "-1", "-8"]);
    assert_eq!(figures("3"), ["-28", "-3", "-31"]);
    good(sandbox.run(&["verify", "--all"]));
    std::fs::remove_dir_all(sandbox.path().join("out")).unwrap();
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["verify", "--all"]));
}

/// acme's corrected invoice is made with a markup of 0, bravo's is still of 15 %: 155 - 16 = 139, and 14 of tax, are 153 now.
#[test]
fn rules_that_a_reissue_was_made_with_are_named_for_the_other_invoices() {
    let sandbox = issued();
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    assert!(settings.contains("markup = \"15%\""), "{settings}");
    sandbox.write("invoicer.toml", settings.replace("markup = \"15%\"", "markup = \"0%\""));
    good(credit(&sandbox, &["--reissue"]));
    let verified = sandbox.run(&["verify", "202208"]);
    let expected = "  invoicer.toml: the file changed\n  INV-202208-bravo: total 178 JPY when issued, 153 JPY now\n";
    assert!(verified.code == 1 && verified.stdout.contains(expected), "{}{}", verified.stdout, verified.stderr);
    let built = sandbox.run(&["build", "202208"]);
    assert!(built.code == 1 && built.stderr.contains("= invoicer.toml changed\n"), "{}", built.stderr);
}

/// A corrected invoice is kept by the present rules, and only what is kept can be sent.
#[test]
fn a_reissue_keeps_what_messages_attach() {
    let sandbox = issued();
    let add = |path: &str, more: &str| {
        let text = String::from_utf8(sandbox.read(path)).unwrap();
        sandbox.write(path, format!("{text}\n{more}"));
    };
    add("invoicer.toml", "[issue]\nkeep = [\"html\"]\n[mail]\nfrom = \"billing@example.jp\"\n");
    add("customers/acme.toml", "[mail]\nto = [\"keiri@acme.example\"]\n");
    let before = sandbox.files();
    let run = credit(&sandbox, &["--reissue"]);
    let expected = "`keep` leaves out \"pdf\", which messages need";
    assert!(run.code == 1 && run.stderr.contains(expected), "{}", run.stderr);
    assert!(sandbox.files() == before, "something was written");
    good(credit(&sandbox, &[]));
}

#[test]
fn credit_notes_are_explained_line_by_line() {
    let sandbox = issued();
    good(credit(&sandbox, &["--line", "1=300"]));
    good(credit(&sandbox, &["--line", "1=5", "--line", "2=2"]));
    let expected = "\
CN-INV-202208-acme-2: acme, 202208, JPY, takes back INV-202208-acme

line  item                                     invoiced  before  now  left
   1  基本料金 (basicCharge)                        357    -300   -5    52
   2  データ通信料（上り） (uploadDataCharge)        15       0   -2    13
      subtotal                                                    -7

tax, standard 10%: -5 - 2 = -7, with -300 before -307, of 335 invoiced
  -307 × 10% = -30.7 → up → -31; -31 so far less -30 before = -1; of 34 invoiced
total: -7 - 1 = -8; left of INV-202208-acme: 31
rounding of tax: up (default)
how the lines were billed: invoicer explain INV-202208-acme LINE
";
    let run = good(sandbox.run(&["explain", "CN-INV-202208-acme-2"]));
    assert_eq!(run.stdout, expected);
    assert!(run.stderr.contains("issued/202208/workspace"), "{}", run.stderr);

    let run = good(sandbox.run(&["explain", "CN-INV-202208-acme-2", "2"]));
    assert!(run.stdout.contains("uploadDataCharge") && !run.stdout.contains("basicCharge"), "{}", run.stdout);
    assert!(run.stdout.contains("-31 so far less -30 before = -1") && !run.stdout.contains("total:"), "{}", run.stdout);

    let run = good(sandbox.run(&["explain", "CN-INV-202208-acme-2", "--json"]));
    let explanation: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(explanation["kind"], "credit-note");
    assert_eq!(explanation["original"]["number"], "INV-202208-acme");
    let of = |value: &serde_json::Value, keys: &[&str]| -> Vec<String> {
        keys.iter().map(|key| value[key].as_str().unwrap_or("-").to_owned()).collect()
    };
    let keys = ["invoiced", "before", "amount", "left"];
    assert_eq!(of(&explanation["lines"][0], &keys), ["357", "-300", "-5", "52"]);
    let keys =
        ["taxable", "taxable_before", "taxable_so_far", "exact", "tax_so_far", "tax_before", "tax", "tax_invoiced"];
    let expected = ["-7", "-300", "-307", "-30.7", "-31", "-30", "-1", "34"];
    assert_eq!(of(&explanation["taxes"][0], &keys), expected);
    assert_eq!(of(&explanation["totals"], &["subtotal", "tax", "total", "left"]), ["-7", "-1", "-8", "31"]);

    let run = sandbox.run(&["explain", "CN-INV-202208-acme-2", "3"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("CN-INV-202208-acme-2 has no line 3"), "{}", run.stderr);
    let run = sandbox.run(&["explain", "CN-INV-202208-acme-2", "--resource", "*"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("invoicer explain INV-202208-acme --resource ID"), "{}", run.stderr);
}

/// `round-at = "invoice"`: 356.5 + 14.4325 − 36.118395 = 334.814105, up to 335, with 0.185895 of 端数調整. Line 2 alone is
/// 14.4325, up to 15; its tax of 1.5, up to 2. With line 1 and the discount 320 and 32 are left.
#[test]
fn exact_lines_are_rounded_to_the_currency() {
    let sandbox = crate::explain::worked_example();
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text.replace("\"15%\"", "\"15%\"\nround-at = \"invoice\""));
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["issue", "202208", "-q"]));
    good(credit(&sandbox, &["--line", "2"]));
    let again = credit(&sandbox, &["--line", "2=14.4325"]);
    assert_eq!(again.code, 1, "{}", again.stderr);
    let documents = |name: &str| sandbox.json(&format!("issued/202208{name}.json"))["documents"][0].clone();
    assert_eq!(documents("")["total"], "369");
    let lines = |document: &serde_json::Value| -> Vec<String> {
        let items = document["items"].as_array().unwrap();
        items.iter().map(|item| format!("{} {} {}", item["line"], item["kind"], item["amount"])).collect()
    };
    let note = documents("-1");
    assert_eq!(lines(&note), ["2 \"usage\" \"-14.4325\"", "4 \"rounding\" \"-0.5675\""]);
    assert_eq!((&note["subtotal"], &note["tax"], &note["total"]), (&"-15".into(), &"-2".into(), &"-17".into()));
    good(credit(&sandbox, &[]));
    let rest = documents("-2");
    assert_eq!((&rest["subtotal"], &rest["tax"], &rest["total"]), (&"-320".into(), &"-32".into(), &"-352".into()));
    // 0.185895 of the invoice and −0.5675 taken back: the 0.381605 too much come off the rest.
    assert_eq!(lines(&rest).last().unwrap(), "4 \"rounding\" \"0.381605\"");
    good(sandbox.run(&["verify", "--all"]));
    let run = good(sandbox.run(&["explain", "CN-INV-202208-acme"]));
    assert!(run.stdout.contains("(rounding)"), "{}", run.stdout);
}

/// 100.5 and 100.5 are 201 without 端数調整. Line 1 alone is 100.5, up to 101, and the half more has no line of the invoice:
/// its row has an id of its own, as every row has.
#[test]
fn rows_have_ids_of_their_own() {
    let sandbox = crate::explain::worked_example();
    sandbox.write(
        "billing/202208/soracom.csv",
        "imsi,customer,date,billItemName,quantity,amount\n1,acme,20220801,a,1,100.5\n1,acme,20220801,b,1,100.5\n",
    );
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text.replace("\"15%\"", "\"0%\"\nround-at = \"invoice\""));
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["issue", "202208", "-q"]));
    good(credit(&sandbox, &["--line", "2"]));
    let page = html(&sandbox, "out/202208/acme/CN-INV-202208-acme.html");
    let rows: Vec<&str> = page.split("<tr id=\"").skip(1).map(|row| row.split("</td>").next().unwrap()).collect();
    // The id, and the number before the item.
    let plain = |row: &&str| (row.split('"').next().unwrap().to_owned(), row.rsplit('>').next().unwrap().to_owned());
    let expected = [("item-1", "2"), ("item-2", "")].map(|(id, line)| (id.to_owned(), line.to_owned()));
    assert_eq!(rows.iter().map(plain).take(2).collect::<Vec<_>>(), expected);
}

/// The worked example with a text on how money returns, issued.
fn issued_with_refund_note(design: &str) -> Sandbox {
    let sandbox = crate::explain::worked_example();
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let invoice = format!("[invoice]\ntemplate = \"{design}\"\nrefund-note = \"次回のご請求額より差し引きます。\"\n");
    sandbox.write("invoicer.toml", format!("{text}\n{invoice}"));
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["issue", "202208", "-q"]));
    sandbox
}

fn html(sandbox: &Sandbox, path: &str) -> String {
    String::from_utf8(sandbox.read(path)).unwrap()
}

/// The texts of a page's table cells and headings in the order of the page, without the space in them.
fn cells(html: &str) -> Vec<String> {
    let body = html.split_once("</style>").unwrap().1;
    let mut cells = vec![String::new()];
    for piece in body.split('<') {
        let (tag, text) = piece.split_once('>').unwrap_or(("", piece));
        if !tag.starts_with("span") && !tag.starts_with("/span") {
            cells.push(String::new());
        }
        let text: String = text.split_whitespace().collect();
        cells.last_mut().unwrap().push_str(&text);
    }
    cells.retain(|cell| !cell.is_empty());
    cells
}

#[track_caller]
fn assert_in_order(cells: &[String], expected: &[&str]) {
    let found = cells.windows(expected.len()).any(|window| window == expected);
    assert!(found, "no {expected:?} in {cells:?}");
}

/// 369 invoiced, 330 taken back, then 7 of line 2 and 1 of tax: 8, so 31 are left.
#[test]
fn a_credit_note_prints_what_returns_and_what_is_left() {
    for design in crate::designs::DESIGNS {
        let sandbox = issued_with_refund_note(design);
        good(credit(&sandbox, &["--line", "1=300"]));
        let first = cells(&html(&sandbox, "out/202208/acme/CN-INV-202208-acme.html"));
        assert_in_order(
            &first,
            &["もとのご請求金額（税込）", "今回のご返還金額", "ご返還後のご請求金額", "¥369", "¥330", "¥39"],
        );
        assert!(!first.iter().any(|cell| cell.contains("ご返還済み") || cell.contains("-¥")), "{first:?}");

        good(credit(&sandbox, &["--line", "2=7", "--refund-note", "ご指定の口座にお振り込みいたします。"]));
        let second = cells(&html(&sandbox, "out/202208/acme/CN-INV-202208-acme-2.html"));
        let headings = ["もとのご請求金額（税込）", "ご返還済みの金額", "今回のご返還金額", "ご返還後のご請求金額"];
        assert_in_order(&second, &[&headings[..], &["¥369", "¥330", "¥8", "¥31"]].concat());
        // The line keeps the number it has on the invoice; a part of it has no quantity.
        assert_in_order(&second, &["2", "データ通信料（上り）", "10%", "¥7"]);
        assert!(second.iter().any(|cell| cell == "ご返還金額") && second.iter().any(|cell| cell.starts_with("¥8")));
        assert_in_order(&second, &["ご返還方法", "ご指定の口座にお振り込みいたします。"]);
        assert_in_order(&first, &["ご返還方法", "次回のご請求額より差し引きます。"]);

        // Data keep the sign with which invoice and credit notes add up to zero.
        let record = sandbox.json("out/202208/acme/CN-INV-202208-acme-2.json");
        let original = serde_json::json!({
            "number": "INV-202208-acme", "issue_date": "2022-09-01", "reason": "解約",
            "refund_note": "ご指定の口座にお振り込みいたします。",
            "total": "369", "returned_before": "330", "returned": "8", "left": "31",
        });
        assert_eq!(record["original"], original);
        let item = &record["items"][0];
        assert_eq!((&item["line"], &item["original_line"], &item["amount"]), (&1.into(), &2.into(), &"-7".into()));
        assert_eq!(record["total"], "-8");

        // The printed number is the one that leads on.
        let run = good(sandbox.run(&["explain", "CN-INV-202208-acme-2", "2"]));
        assert!(run.stdout.contains("uploadDataCharge"), "{}", run.stdout);
        good(sandbox.run(&["verify", "--all"]));
        std::fs::remove_dir_all(sandbox.path().join("out")).unwrap();
        good(sandbox.run(&["build", "202208", "-q"]));
        assert_eq!(cells(&html(&sandbox, "out/202208/acme/CN-INV-202208-acme-2.html")), second);
        good(sandbox.run(&["verify", "--all"]));
    }
}

#[test]
fn texts_that_cannot_be_printed_on_a_line_are_refused() {
    let sandbox = issued();
    for (more, message) in [
        (["--refund-note", " "], "the refund note is empty"),
        (["--refund-note", "a\nb"], "the refund note is not one line of text: it has the control character '\\n'"),
        (
            ["--refund-note", "\u{1b}[2J"],
            "the refund note is not one line of text: it has the control character '\\u{1b}'",
        ),
    ] {
        let run = credit(&sandbox, &more);
        let expected = format!("error: {message}\nhint: it is printed on the credit note\n\n");
        assert_eq!((run.code, run.stderr), (1, expected));
    }
    // Nothing is computed before: the number is not even looked up.
    let run = sandbox.run(&["credit", "INV-x", "--reason", "a\u{85}b", "--date", "2022-09-20", "-q"]);
    let expected = "error: the reason is not one line of text: it has the control character '\\u{85}'\nhint: it is printed \
                    on the credit note\n\n";
    assert_eq!((run.code, run.stderr.as_str()), (1, expected));
    assert!(!sandbox.path().join("issued/202208-1.json").exists());
}

/// Line 2 alone, 14.4325 up to 15, is the note's first.
#[test]
fn a_line_has_one_number_wherever_it_is_shown() {
    let sandbox = issued();
    good(credit(&sandbox, &["--line", "2"]));
    let run = good(sandbox.run(&["explain", "CN-INV-202208-acme"]));
    let row = "   2  データ通信料（上り） (uploadDataCharge)        15       0  -15     0\n";
    assert!(run.stdout.contains(row) && !run.stdout.contains("invoice's line"), "{}", run.stdout);
    assert!(run.stdout.contains("tax, standard 10%: line 2, -15, of 335 invoiced"), "{}", run.stdout);
    let run = good(sandbox.run(&["explain", "CN-INV-202208-acme", "2", "--json"]));
    let explanation: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&explanation["lines"][0]["line"], &explanation["taxes"][0]["lines"][0]["line"]),
        (&2.into(), &2.into())
    );
    let run = sandbox.run(&["explain", "CN-INV-202208-acme", "1"]);
    assert!(run.code == 1 && run.stderr.contains("its lines are 2; without a line"), "{}", run.stderr);

    // `item` counts the note's own lines, as in the JSON; the column behind all others has the invoice's.
    for path in ["acme", "internal/acme"] {
        let csv = html(&sandbox, &format!("out/202208/{path}/CN-INV-202208-acme.csv"));
        let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!((rows[0][1], *rows[0].last().unwrap()), ("item", "original_line"));
        assert_eq!((rows.len(), rows[1][1], *rows[1].last().unwrap()), (2, "1", "2"), "{csv}");
        let invoice = html(&sandbox, &format!("out/202208/{path}/INV-202208-acme.csv"));
        assert!(invoice.lines().next().unwrap().ends_with(",heading"), "{invoice}");
    }
}

/// A basic charge at 310 × 1.15 = 356.5, up to 357.
#[test]
fn what_is_printed_is_what_the_page_says() {
    let sandbox = issued();
    good(credit(&sandbox, &[]));
    let page = cells(&html(&sandbox, "out/202208/acme/CN-INV-202208-acme.html"));
    assert_in_order(&page, &["1", "基本料金", "1", "356.5", "10%", "¥357"]);
    for path in ["acme", "internal/acme"] {
        let item = sandbox.json(&format!("out/202208/{path}/CN-INV-202208-acme.json"))["items"][0].clone();
        assert_eq!((&item["quantity"], &item["amount"]), (&"-1".into(), &"-357".into()));
        let printed = serde_json::json!({ "quantity": "1", "unit": "", "unit_price": "356.5" });
        assert_eq!(item["printed"], printed);
    }
}

/// A review page of another version or a design of one's own: the cell is found by its attribute, whatever its text is.
#[test]
fn a_state_is_filled_in_where_the_page_names_the_invoice() {
    let page = |cell: &str| {
        let sandbox = crate::explain::worked_example();
        let row = format!("{{% for row in customers %}}<tr>{cell}<td>{{{{ row.name }}}}</td></tr>{{% endfor %}}");
        sandbox.write("templates/review.html", format!("<!doctype html>\n<title>x</title><table>{row}</table>\n"));
        good(sandbox.run(&["build", "202208", "-q"]));
        good(sandbox.run(&["issue", "202208", "-q"]));
        let run = good(sandbox.run(&["credit", "INV-202208-acme", "--reason", "解約", "--date", "2022-09-20"]));
        (sandbox, run.stderr)
    };
    let about_page = "the review page";
    let (sandbox, stderr) =
        page("<td class=\"mine\" data-invoice=\"{{ row.state.number }}\"><b>{{ row.state.label }}</b></td>");
    assert!(!stderr.contains(about_page), "{stderr}");
    let filled = html(&sandbox, "out/202208/index.html");
    assert_eq!(state(&filled, "INV-202208-acme"), "全額返還済み CN-INV-202208-acme -> acme/CN-INV-202208-acme.html");
    assert_eq!(state(&filled, "INV-202208-bravo"), "発行済み");
    assert_eq!(filled.matches("class=\"mine\"").count(), 1);
    good(sandbox.run(&["verify", "--all"]));

    let (sandbox, stderr) = page("<td><b data-invoice=\"{{ row.state.number }}\">{{ row.state.label }}</b></td>");
    let expected = "warning: the review page does not show that INV-202208-acme was corrected\n\
                    --> issued/202208/index.html\n\
                    hint: it names the invoice, but not in a <td> that ends: see templates/README.md\n\n";
    assert!(stderr.contains(expected), "{stderr}");
    assert_eq!(sandbox.read("out/202208/index.html"), sandbox.read("issued/202208/index.html"));
    good(sandbox.run(&["verify", "--all"]));

    // A page that shows no states is not asked for them.
    let (_, stderr) = page("<td>{{ row.number }}</td>");
    assert!(!stderr.contains(about_page), "{stderr}");
}

/// 369 − 330 − 8 = 31; then the rest.
#[test]
fn the_list_says_what_is_left() {
    let sandbox = issued();
    good(credit(&sandbox, &["--line", "1=300"]));
    good(credit(&sandbox, &["--line", "2=7"]));
    let listed = |expected: &str| {
        let run = good(sandbox.run(&["list", "--customer", "acme"]));
        let line = run.stdout.lines().find(|line| line.contains(" INV-202208-acme ")).unwrap();
        assert!(line.ends_with(expected), "{line}");
        let run = good(sandbox.run(&["list", "--customer", "acme", "--json"]));
        serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()
    };
    let json = listed("partly taken back by CN-INV-202208-acme, CN-INV-202208-acme-2, ¥31 left");
    assert_eq!((&json[0]["left"], &json[1]["left"]), (&"31".into(), &serde_json::Value::Null));
    good(credit(&sandbox, &[]));
    let json = listed("  taken back by CN-INV-202208-acme, CN-INV-202208-acme-2, CN-INV-202208-acme-3");
    assert_eq!(json[0]["left"], "0");
}

/// The state of an invoice on a review page, and what it links to.
fn state(page: &str, number: &str) -> String {
    let (_, cell) = page.split_once(&format!("data-invoice=\"{number}\">")).unwrap();
    let cell = cell.split_once("</td>").unwrap().0;
    let pieces = cell.split('<').map(|piece| match piece.split_once('>') {
        Some((tag, text)) => match tag.split_once("href=\"") {
            Some((_, link)) => format!(" {text} -> {}", link.trim_end_matches('"')),
            None if text.is_empty() => String::new(),
            None => format!(" {text}"),
        },
        None => piece.to_owned(),
    });
    pieces.collect::<String>().trim().to_owned()
}

#[test]
fn the_review_page_shows_the_state_of_each_invoice_after_corrections_too() {
    let sandbox = crate::explain::worked_example();
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    // Of the two documents of a correction, the credit note alone says how money returns.
    sandbox.write("invoicer.toml", format!("{text}\n[invoice]\nrefund-note = \"お振り込みいたします。\"\n"));
    good(sandbox.run(&["build", "202208", "-q", "--draft"]));
    let state_of = |id: &str| state(&html(&sandbox, "out/202208/index.html"), &format!("INV-202208-{id}"));
    assert_eq!(state_of("acme"), "下書き");
    good(sandbox.run(&["build", "202208", "-q"]));
    assert_eq!((state_of("acme").as_str(), state_of("bravo").as_str()), ("未発行", "未発行"));
    good(sandbox.run(&["issue", "202208", "-q"]));
    let reviewed = html(&sandbox, "out/202208/index.html");
    assert_eq!((state_of("acme").as_str(), state_of("bravo").as_str()), ("発行済み", "発行済み"));

    good(credit(&sandbox, &["--line", "1=300"]));
    let note = "CN-INV-202208-acme -> acme/CN-INV-202208-acme.html";
    assert_eq!(state_of("acme"), format!("一部返還済み 残額 ¥39 {note}"));
    assert_eq!(state_of("bravo"), "発行済み");
    assert!(sandbox.path().join("out/202208/acme/CN-INV-202208-acme.html").exists());

    good(credit(&sandbox, &[]));
    assert_eq!(state_of("acme"), format!("全額返還済み {note} CN-INV-202208-acme-2 -> acme/CN-INV-202208-acme-2.html"));
    let reissue = ["credit", "INV-202208-bravo", "--reason", "x", "--reissue", "--date", "2022-09-20", "-q"];
    good(sandbox.run(&reissue));
    let replaced = "差し替え済み CN-INV-202208-bravo -> bravo/CN-INV-202208-bravo.html INV-202208-bravo-2 -> \
                    bravo/INV-202208-bravo-2.html";
    assert_eq!(state_of("bravo"), replaced);
    let corrected = html(&sandbox, "out/202208/index.html");

    // What was reviewed is kept as it was; the page follows from it and the records.
    assert_eq!(html(&sandbox, "issued/202208/index.html"), reviewed);
    good(sandbox.run(&["verify", "--all"]));
    std::fs::remove_dir_all(sandbox.path().join("out")).unwrap();
    good(sandbox.run(&["build", "202208", "-q"]));
    assert_eq!(html(&sandbox, "out/202208/index.html"), corrected);
    sandbox.write("out/202208/index.html", corrected.replace("全額返還済み", "発行済み"));
    let run = sandbox.run(&["verify", "202208"]);
    assert!(run.code == 1 && run.stdout.contains("out/202208/index.html"), "{}", run.stdout);
}
