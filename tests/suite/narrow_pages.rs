//! Amounts that a page has no room for: their display is shortened, the month is built, and the data has every digit.

use crate::common::Sandbox;

/// A workspace of one customer that is billed these amounts at cost; each row is item, unit price, quantity and amount.
fn workspace(template: &str, invoice: &str, rows: &[[&str; 4]]) -> Sandbox {
    let sandbox = Sandbox::new();
    let rules = format!(
        "[issuer]\nname = \"A\"\nregistration-number = \"T7000012050002\"\n[invoice]\ntemplate = \"{template}\"\n\
         {invoice}[pricing]\nmarkup = \"0%\"\n[[fx]]\nmonth = \"202208\"\nfrom = \"USD\"\nto = \"JPY\"\nrate = \"138.7\"\n\
         [[fx]]\nmonth = \"202208\"\nfrom = \"JPY\"\nto = \"USD\"\nrate = \"1\"\n\
         [[source]]\nname = \"s\"\nkind = \"soracom-csv\"\npath = \"billing/{{month}}/*.csv\"\n"
    );
    sandbox.write("invoicer.toml", rules);
    sandbox.write("customers/acme.toml", "name = \"B\"\n[[match]]\nsource = \"s\"\n");
    let mut bill = "imsi,date,billItemName,unitPrice,quantity,amount\n".to_owned();
    for [item, price, quantity, amount] in rows {
        bill += &format!("440101234567890,20220801,{item},{price},{quantity},{amount}\n");
    }
    sandbox.write("billing/202208/s.csv", bill);
    sandbox
}

const WHOLE: &str = "1234567890123456789012345678";
const DECIMALS: &str = "0.1234567890123456789012345678";
const FEWER: &str = "98765432109876543210.5";

fn html(sandbox: &Sandbox) -> String {
    String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap()
}

#[test]
fn amounts_of_28_digits_never_refuse_a_month() {
    let several: [&[[&str; 4]]; 3] = [
        &[["large", WHOLE, WHOLE, WHOLE], ["basic", "1", "1", "1"]],
        &[["small", "0.1", DECIMALS, DECIMALS], ["basic", "1", "1", "1"]],
        &[["large", "1", FEWER, FEWER], ["coupon", "", "", "-12345678901234567890.12345678"]],
    ];
    for template in ["classic", "modern"] {
        for invoice in [
            "",
            "language = \"en\"\n",
            "currency = \"USD\"\n",
            "currency = \"USD\"\nlanguage = \"en\"\ndetails = \"daily\"\n",
            "details = \"none\"\n",
        ] {
            let invoice = format!("{invoice}file-name = \"INV-202208-acme\"\n");
            for (rows, rounding) in several.iter().flat_map(|rows| [(rows, "item"), (rows, "invoice")]) {
                let sandbox = workspace(template, &invoice, rows);
                let rules = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
                let rounded = format!("[pricing]\nround-at = \"{rounding}\"\n");
                sandbox.write("invoicer.toml", rules.replace("[pricing]\n", &rounded));
                let run = sandbox.run(&["build", "202208"]);
                assert_eq!(run.code, 0, "{template} {invoice}: {}", run.stderr);
                let data = String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.json")).unwrap();
                assert!(data.contains(rows[0][3]), "{template} {invoice}");
            }
        }
    }
}

/// The appendix has columns of fixed width: a figure with more digits would be printed over its neighbour.
#[test]
fn columns_of_the_appendix_hold_their_figures() {
    let sandbox = workspace("classic", "", &[["data", "", "123456789012", "1234567"], ["data", "", "1", "1"]]);
    assert_eq!(sandbox.run(&["build", "202208"]).code, 0);
    let page = html(&sandbox);
    assert!(page.contains(".d .q { width: 89.8pt; }") && page.contains(".d .a, .contents .m { width: 64.6pt; }"));
    assert!(!page.contains('…'));

    let sandbox = workspace("classic", "", &[["data", "1", DECIMALS, DECIMALS], ["more", "", WHOLE, WHOLE]]);
    assert_eq!(sandbox.run(&["check", "202208"]).code, 1, "56 digits are more than an amount has");
    let sandbox = workspace("classic", "", &[["data", "1", DECIMALS, "1.5"], ["more", "", WHOLE, "2"]]);
    assert_eq!(sandbox.run(&["build", "202208"]).code, 0);
    assert!(html(&sandbox).contains("0.1234567"));
}

/// What fits is printed whole, and HTML alone is the HTML beside a PDF.
#[test]
fn only_what_does_not_fit_is_shortened() {
    for template in ["classic", "modern"] {
        let sandbox = workspace(template, "", &[["basic", "100", "12345678", "1234567800"]]);
        assert_eq!(sandbox.run(&["build", "202208"]).code, 0);
        assert!(!html(&sandbox).contains('…'), "{template}");
        assert!(html(&sandbox).contains("¥1,234,567,800"), "{template}");

        let sandbox = workspace(template, "", &[["large", WHOLE, WHOLE, WHOLE], ["basic", "1", "1", "1"]]);
        assert_eq!(sandbox.run(&["build", "202208"]).code, 0);
        let beside_pdf = html(&sandbox);
        assert!(beside_pdf.contains(",…,"), "{template}");
        assert_eq!(sandbox.run(&["build", "202208", "--format", "html"]).code, 0);
        assert!(html(&sandbox) == beside_pdf, "{template}");
    }
}

/// A page that cannot hold its content for another reason is the template's mistake as before.
#[test]
fn a_template_too_wide_is_still_a_mistake() {
    let sandbox = workspace("own", "", &[["large", WHOLE, WHOLE, WHOLE]]);
    let line = "too long ".repeat(40);
    let wide = format!("<!DOCTYPE html><title>x</title><p style=\"white-space: nowrap\">{line}{{{{ total }}}}</p>");
    sandbox.write("templates/own.html", wide);
    let run = sandbox.run(&["build", "202208"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("beyond the edge of the paper"), "{}", run.stderr);
}
