//! Amounts that a page has no room for: their display is shortened, the month is built, and the data has every digit.

use pages::layout::Item;

use crate::common::Sandbox;
use crate::designs::lay_out;

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
            "sections = \"group\"\n",
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

/// Ten months of figures with 14 and more characters, on paper where eleven fit: every figure of the story, of the chart and
/// of the sums of sections and groups is cut to as many as fit, or the page is beyond the edge of the paper.
#[test]
fn every_figure_of_a_page_can_be_shortened() {
    let sandbox =
        workspace("own", "story = true\ndetails = \"summary\"\ngroup-by = \"group\"\nsections = \"group\"\n", &[]);
    let rows = |month: &str, first: &str, second: &str| {
        format!(
            "imsi,groupName,date,billItemName,unitPrice,quantity,amount\n\
             1,g,{month}01,basic,{first},1,{first}\n1,g,{month}02,basic,{first},1,{first}\n\
             2,h,{month}01,basic,{second},1,{second}\n2,h,{month}01,data,,1,{second}\n"
        )
    };
    sandbox.write("billing/202207/s.csv", rows("202207", "1234567890123", "9876543210987"));
    sandbox.write("billing/202208/s.csv", rows("202208", "2345678901234", "8765432109876"));
    let template = |figures: &str| {
        format!(
            "<!DOCTYPE html><title>x</title><style>@page {{ size: 30mm 250mm; margin: 0 }} p {{ margin: 0; font-size: 7pt; \
             line-height: 1; white-space: nowrap }}</style>{figures}"
        )
    };
    sandbox.write("templates/own.html", template("x"));
    for command in ["build", "issue"] {
        let run = sandbox.run(&[command, "202207", "--quiet"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let each = |list: &str, figures: &[&str]| {
        let printed: String = figures.iter().map(|figure| format!("<p>{{{{ one.{figure} }}}}</p>")).collect();
        format!("{{% for one in {list} %}}{printed}{{% endfor %}}")
    };
    let listed = |list: &str| format!("{{% for one in {list} %}}<p>{{{{ one }}}}</p>{{% endfor %}}");
    let figures = [
        "<p>{{ total }}</p><p>{{ chart.peak }}</p><p>{{ story.before }}</p><p>{{ story.now }}</p><p>{{ story.change }}</p>".to_owned(),
        each("charges", &["amount", "division_amount"]),
        each("story.items", &["before", "now", "change"]),
        "{% for item in story.items %}{% for one in item.reasons %}<p>{{ one.amount }}</p>{% endfor %}{% endfor %}".to_owned(),
        each("story.months", &["amount"]),
        listed("story.months_scale"),
        listed("chart.scale"),
        each("story.groups", &["amount"]),
        listed("appendix_sums"),
    ];
    for figures in figures {
        sandbox.write("templates/own.html", template(&figures));
        let run = sandbox.run(&["build", "202208", "--quiet", "--format", "html,pdf"]);
        assert_eq!(run.code, 0, "{figures}: {}", run.stderr);
        assert!(html(&sandbox).matches("<p>").count() > 0, "{figures}");
    }
}

/// The marks beside a chart of days are 16 mm from the margin of 17.3 mm to 1.2 mm before the field, however long they are.
#[test]
fn marks_of_the_scale_stay_beside_the_chart() {
    let (left, field) = (17.3 / 25.4 * 72.0, 34.5 / 25.4 * 72.0);
    // The top of each is one more digit; of the last, it is a one with fifteen noughts, of which four characters go.
    for (amount, top) in [
        ("900000", "¥1,000,000"),
        ("9000000", "¥10,000,000"),
        ("90000000", "¥100,000,000"),
        ("900000000", "¥1,000,000,000"),
        ("900000000000000", "¥1,000,…,000"),
    ] {
        let sandbox = workspace("modern", "", &[]);
        let bill =
            format!("imsi,date,billItemName,quantity,amount\n1,20220801,basic,1,{amount}\n1,20220802,basic,1,1000\n");
        sandbox.write("billing/202208/s.csv", bill);
        let run = sandbox.run(&["build", "202208", "--quiet", "--format", "html"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let document = lay_out(&html(&sandbox));
        let texts = document.pages[0].layers.iter().flat_map(|layer| &layer.items);
        let mark = texts
            .filter_map(|item| if let Item::Text(text) = item { Some(text) } else { None })
            .find(|text| &*text.text == top && text.size < 7.0)
            .unwrap_or_else(|| panic!("no mark {top}"));
        let (start, end) = (mark.x, mark.x + mark.width);
        assert!(start >= left - 0.1 && end <= field, "{top} from {start} to {end}, beside {field}");
    }
}
