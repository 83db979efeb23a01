//! The page of a month. What it does in a browser is tested in `tests/review/`.

use std::path::Path;

use crate::common::{Sandbox, copy_tree};

fn case(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name), sandbox.path());
    sandbox
}

fn page(sandbox: &Sandbox) -> String {
    String::from_utf8(sandbox.read("out/202208/index.html")).unwrap()
}

fn build(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let run = sandbox.run(&[&["build", "202208", "--quiet"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    page(sandbox)
}

/// The values of an attribute, in their order.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.split(&format!(" {name}=\"")).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Billing-rules §8: −46.5 is shared by amount, −31.4073 and −15.0927 of it; 335 and 161 are billed for 291.1427 and
/// 139.9073, so the margins are 43.8573 (13.1 %) and 21.0927 (13.1 %) and 64.95 of 496 in all; with tax it is 547.
#[test]
fn the_worked_example_is_told_as_it_was_worked_out() {
    let page = build(&case("worked-example"), &["--format", "html"]);
    for figure in
        ["¥496", "¥431", "¥65", "13.1%", "-¥31.4073", "-¥15.0927", "67.5%", "-¥46.5", "¥291.1427", "¥43.8573", "¥475"]
    {
        assert!(page.contains(&format!(">{figure}<")) || page.contains(&format!("\"{figure}\"")), "{figure}");
    }
    assert!(page.contains(">粗利率 13.1%<") && page.contains(">税込 ¥547<"), "notes");
    // Nothing is known of earlier months, and no PDF was made.
    assert!(!page.contains("class=\"months\"") && !page.contains("前月比") && !page.contains(">ページ<"));
}

/// Two months of three customers: `a1` and `a2` are departments of one company, `b` leaves its discounts to the issuer, and
/// the issuer keeps two rows of its own.
fn two_months() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        "[issuer]\nname = \"サンプル通信\"\n[pricing]\nmarkup = \"10%\"\n\
         [[allocation.keep]]\nmatch = { resource-name = \"own-*\" }\n\
         [[source]]\nname = \"s\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n\
         [[item]]\nitem = \"xCharge\"\nname = \"特別料金\"\n",
    );
    for (id, name, more) in [
        ("a1", "共同商事株式会社", "department = \"東京本社\"\n"),
        ("a2", "共同商事株式会社", "department = \"大阪支社\"\n"),
        ("b", "有限会社別", "[pricing]\ndiscounts = \"keep\"\n"),
    ] {
        let matcher = format!("[[match]]\ntag = {{ customer = \"{id}\" }}\n");
        sandbox.write(&format!("customers/{id}.toml"), format!("name = \"{name}\"\n{more}{matcher}"));
    }
    let head = "imsi,date,billItemName,quantity,amount,name,customer";
    for (month, rows) in [
        ("202207", &["1,01,basicCharge,1,80,m,a1", "2,01,basicCharge,1,200,m,a2", "3,01,basicCharge,1,300,m,b"][..]),
        (
            "202208",
            &[
                "1,01,basicCharge,1,100,m,a1",
                "1,01,xCharge,1,50,m,a1",
                "2,01,basicCharge,1,200,m,a2",
                "3,01,basicCharge,1,300,m,b",
                "3,01,coupon,1,-30,m,b",
                "9,01,basicCharge,1,40,own-1,",
                "9,02,basicCharge,1,60,own-1,",
            ],
        ),
    ] {
        let row = |row: &&str| {
            let (imsi, rest) = row.split_once(',').unwrap();
            format!("44010000000000{imsi},{month}{rest}")
        };
        let rows: Vec<String> = rows.iter().map(row).collect();
        sandbox.write(&format!("billing/{month}/b.csv"), format!("{head}\n{}\n", rows.join("\n")));
    }
    assert_eq!(sandbox.run(&["build", "202207", "--quiet", "--format", "json"]).code, 0);
    sandbox
}

/// The texts of the cells of the first row behind a text, without those that are empty.
fn cells(page: &str, text: &str) -> Vec<String> {
    let row = page.split_once(text).unwrap_or_else(|| panic!("{text}: {page}")).1.split("</tr>").next().unwrap();
    let mut cells = Vec::new();
    for cell in row.split("<td").skip(1) {
        let mut texts = Vec::new();
        for part in cell.split_once('>').unwrap().1.split('<') {
            texts.push(part.rsplit('>').next().unwrap().trim());
        }
        texts.retain(|text| !text.is_empty());
        cells.push(texts.join(" "));
    }
    cells.retain(|cell| !cell.is_empty());
    cells
}

/// 100, 50, 200 and 300 become 110, 55, 220 and 330; the tax of 165, 220 and 330 is 16.5 → 17, 22 and 33. The cost of `b` is
/// 300 − 30 = 270, so its margin is 60 of 330 (18.18 %) and all of 715 − 620 = 95 (13.29 %). In July they were 88, 220 and
/// 330, together 638: 77 more are 12.07 % of it, and 25 % of the 308 of the company with two departments. Both warnings are
/// of `a1`, its total and its new item, and so those of all.
#[test]
fn costs_and_totals_are_comparable_and_one_payer_has_one_sum() {
    let sandbox = two_months();
    let page = build(&sandbox, &["--format", "json"]);
    let of = |text: &str| cells(&page, text).into_iter().filter(|cell| cell != "JSON").collect::<Vec<String>>();
    assert_eq!(of("id=\"customer-a1\""), ["未発行", "¥165", "+¥77", "+87.5%", "¥150", "¥15", "9.1%", "¥182", "2"]);
    assert_eq!(of("id=\"customer-a2\""), ["未発行", "¥220", "¥0", "0.0%", "¥200", "¥20", "9.1%", "¥242"]);
    assert_eq!(of("id=\"customer-b\""), ["未発行", "¥330", "¥0", "0.0%", "¥270", "¥60", "18.2%", "¥363"]);
    assert_eq!(of("<tr class=\"group\""), ["¥385", "+¥77", "+25.0%", "¥350", "¥35", "9.1%", "¥424", "2"]);
    assert_eq!(of("<tr class=\"all\""), ["¥715", "+¥77", "+12.1%", "¥620", "¥95", "13.3%", "¥787", "2"]);
    assert_eq!(of("<tr class=\"borne\""), ["¥100"]);
    for note in [">税込 ¥787<", "比 +¥77 (+12.1%)<", ">粗利率 13.3%<", ">ほかに自社の負担 ¥100<"] {
        assert!(page.contains(note), "{note}");
    }
    // The provider's 720 are the customers' 620 and the issuer's 100.
    let summary = sandbox.json("out/202208/summary.json");
    assert_eq!(summary["conservation"]["source_total"], "720");
    assert_eq!(summary["customers"][2]["kept"], "-30");
}

/// The departments of a company are below its sum, where several customers have one, below theirs.
#[test]
fn customers_of_one_payer_are_below_each_other() {
    let sandbox = two_months();
    // Between the others, by id.
    sandbox.write("customers/a15.toml", "name = \"間の店\"\n[[fee]]\nname = \"会費\"\namount = \"1000\"\n");
    let file = "name = \"共同商事株式会社\"\ndepartment = \"大阪支社\"\n[[fee]]\nname = \"会費\"\namount = \"1\"\n";
    sandbox.write("customers/c.toml", file);
    let page = build(&sandbox, &["--format", "json"]);
    let rows: Vec<&str> = page
        .split("<tr ")
        .skip(1)
        .filter_map(|row| {
            let id = row.strip_prefix("id=\"customer-").map(|rest| rest.split('"').next().unwrap());
            id.or_else(|| row.strip_prefix("class=\"group").map(|rest| rest.split('"').next().unwrap()))
        })
        .collect();
    // `a1` of Tokyo, then `a2` and `c` of Osaka.
    assert_eq!(rows, ["", "a1", " inner", "a2", "c", "a15", "b"]);
    assert_eq!(cells(&page, "<tr class=\"group inner\"")[0], "¥221");
}

#[test]
fn items_of_customers_are_compared_with_the_month_before() {
    let page = build(&two_months(), &["--format", "json"]);
    let matrix = page.split_once("<table class=\"matrix\">").unwrap().1.split("</table>").next().unwrap();
    let heads: Vec<&str> = matrix.split("<th scope=\"col\"").skip(1).collect();
    let heads: Vec<&str> =
        heads.iter().map(|head| head.split_once('>').unwrap().1.split('<').next().unwrap()).collect();
    assert_eq!(heads, ["お客様", "基本料金", "特別料金", "請求額（税抜）"]);
    assert_eq!(cells(matrix, ">共同商事株式会社 <small>東京本社"), ["¥110 +¥22", "¥55 +¥55", "¥165 +¥77"]);
    assert_eq!(cells(matrix, ">有限会社別"), ["¥330", "¥330"]);
    assert_eq!(cells(matrix, "<tfoot>"), ["¥660 +¥22", "¥55 +¥55", "¥715 +¥77"]);
}

#[test]
fn what_is_kept_is_listed_with_its_rows() {
    let sandbox = two_months();
    let page = build(&sandbox, &["--format", "json"]);
    let kept = page.split_once("<table class=\"kept\">").unwrap().1;
    assert!(kept.starts_with("\n      <caption><code>invoicer.toml:5</code>"), "{kept}");
    assert_eq!(cells(kept, "<tbody>"), ["2", "billing/202208/b.csv:7", "¥100"]);
    assert!(kept.contains(">自社が留保した、お客様の値引き<") && kept.contains(">-¥30<"), "{kept}");
}

/// A price that loses 10 % of 100, 50 and 200.
#[test]
fn warnings_are_without_english_on_a_japanese_page() {
    let sandbox = two_months();
    for id in ["a1", "a2"] {
        let path = format!("customers/{id}.toml");
        let file = String::from_utf8(sandbox.read(&path)).unwrap();
        sandbox.write(&path, format!("{file}[pricing]\nmarkup = \"-10%\"\n"));
    }
    let page = build(&sandbox, &["--format", "json"]);
    assert!(page.contains(">基本料金 (basicCharge): ¥90 &lt; ¥100<"), "{page}");
    let warnings = page.split_once("id=\"warnings\"").unwrap().1.split("</section>").next().unwrap();
    for word in [" for ", " before ", " and ", " of ", " row"] {
        assert!(!warnings.contains(word), "{word}: {warnings}");
    }
}

#[test]
fn the_page_asks_no_server_for_anything() {
    let page = build(&case("worked-example"), &["--format", "html,pdf"]);
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("//cdn"), "a URL");
    assert!(!page.contains("@import") && !page.contains("url("), "a file of style");
    let sources = attributes(&page, "src");
    assert!(sources.is_empty(), "{sources:?}");
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn every_link_leads_to_a_file() {
    let sandbox = case("worked-example");
    let config = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", config + "\n[invoice]\nfile-name = \"100% #{number}? {customer-name}\"\n");
    let page = build(&sandbox, &[]);
    let links = attributes(&page, "href");
    let mut files = 0;
    for link in links.iter().filter(|link| !link.starts_with('#')) {
        let mut path = Vec::new();
        let mut rest = link.bytes();
        while let Some(byte) = rest.next() {
            path.push(match byte {
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                byte => byte,
            });
        }
        let path = String::from_utf8(path).unwrap();
        assert!(sandbox.path().join("out/202208").join(&path).is_file(), "{link}: {path}");
        files += 1;
    }
    // Of each customer PDF and HTML, and the full record as CSV and JSON; of the month its two files.
    assert_eq!(files, 2 * 4 + 2);
    assert_eq!(links.iter().filter(|link| link.starts_with("internal/")).count(), 2 * 2);
    assert_eq!(attributes(&page, "data-html").len(), 2);
}

#[test]
fn customers_that_were_not_asked_for_have_no_documents_but_a_row() {
    let page = build(&case("worked-example"), &["--customer", "bravo"]);
    assert_eq!(attributes(&page, "data-search").len(), 2);
    assert_eq!(attributes(&page, "data-html"), ["bravo/INV-202208-bravo.html"]);
}

#[test]
fn names_cannot_become_markup() {
    let sandbox = case("worked-example");
    let file = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    let lines = file.lines().map(|line| match line.starts_with("name") {
        true => "name = \"\\\"><script>alert(1)</script>\"",
        false => line,
    });
    sandbox.write("customers/acme.toml", lines.collect::<Vec<&str>>().join("\n"));
    let page = build(&sandbox, &["--format", "html"]);
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(1)"), "{page}");
}

#[test]
fn the_page_is_of_a_months_inputs_alone() {
    let (one, other) = (case("shares"), case("shares"));
    let first = build(&one, &["--jobs", "1"]);
    assert_eq!(first, build(&other, &[]));
    let manifest = one.json("out/202208/manifest.json");
    let outputs = manifest["outputs"].as_array().unwrap();
    assert!(outputs.iter().any(|file| file["path"] == "index.html"));
}

#[test]
fn a_workspace_can_have_its_own_page() {
    let sandbox = case("worked-example");
    sandbox.write(
        "templates/review.html",
        "<!DOCTYPE html>{{ month }} {% for c in customers %}{{ c.total }} {% endfor %}",
    );
    assert_eq!(build(&sandbox, &["--format", "html"]), "<!DOCTYPE html>202208 ¥369 ¥178 ");
    sandbox.write("templates/review.html", "<!DOCTYPE html>{{ mounth }}");
    let run = sandbox.run(&["build", "202208"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("templates/review.html:1:"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn the_page_is_opened_with_the_systems_viewer() {
    use std::os::unix::fs::PermissionsExt;

    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    for (script, told) in [("exit 0", false), ("exit 3", true)] {
        let sandbox = case("worked-example");
        let path = format!("programs/{opener}");
        sandbox.write(&path, format!("#!/bin/sh\necho \"$1\" > opened\n{script}\n"));
        let full = sandbox.path().join(&path);
        std::fs::set_permissions(&full, std::fs::Permissions::from_mode(0o755)).unwrap();
        let programs = sandbox.path().join("programs");
        let arguments = ["build", "202208", "--format", "html", "--open"];
        let run = sandbox.run_with(&arguments, &[("PATH", programs.to_str().unwrap())]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let opened = String::from_utf8(sandbox.read("opened")).unwrap();
        assert!(opened.ends_with("/out/202208/index.html\n"), "{opened}");
        assert_eq!(run.stderr.contains("the page cannot be opened"), told, "{}", run.stderr);
    }
    let sandbox = case("worked-example");
    let run = sandbox.run_with(&["build", "202208", "--format", "html", "--open"], &[("PATH", "/nowhere")]);
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("the page cannot be opened with"), "{}", run.stderr);
}
