//! Templates that ask for too much: each is refused with its place, in bounded time and memory. What is not bounded hangs
//! here, or ends the test run.

use invoicer::diagnostic::Problems;
use invoicer::render::Templates;
use invoicer::workspace;

use crate::common::Sandbox;

/// A workspace whose `templates/` holds these files.
fn templates(files: &[(&str, &str)]) -> (Sandbox, Result<Templates, Problems>) {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        "[issuer]\nname = \"a\"\n\n[[source]]\nname = \"b\"\nkind = \"soracom-csv\"\npath = \"{month}.csv\"\n",
    );
    sandbox.write("customers/acme.toml", "name = \"c\"\n");
    for (name, text) in files {
        sandbox.write(&format!("templates/{name}"), text);
    }
    let settings = workspace::load(sandbox.path()).unwrap().settings;
    let loaded = Templates::load(sandbox.path(), &settings);
    (sandbox, loaded)
}

/// What the program says of the first of these templates.
fn told(files: &[(&str, &str)]) -> String {
    let view = serde_json::json!({ "number": "INV-1", "rows": [{ "name": "b" }, { "name": "a" }], "notes": ["x"] });
    let problems = match templates(files).1 {
        Ok(templates) => templates.document("invoice", &view).err().into_iter().collect(),
        Err(problems) => problems,
    };
    problems.iter().map(|problem| problem.render(false)).collect()
}

const WORK: &str = "error: template: expected less work for what the template shows: ";

#[test]
fn templates_that_ask_for_too_much_are_refused_at_their_line() {
    let many: &str = "{% for a in range(end=100000) %}";
    let loops = |inside: &str| format!("<p>\n{many}{many}{inside}{{% endfor %}}{{% endfor %}}");
    let ten_calls = "{{ <c n={n - 1}/> }}".repeat(10);
    let cases: Vec<(&str, String, &str, &str)> = vec![
        ("silent loops", loops(""), WORK, "invoice.html:2:"),
        ("a page without end", loops(&"x".repeat(200)), "error: template: expected at most ", "invoice.html:2:33"),
        ("values without end", loops("{{ number }}{{ number }}{{ number }}{{ number }}"), WORK, "invoice.html:2:"),
        (
            "a text that doubles",
            "{% set_global a = \"0123456789\" %}\n{% for i in range(end=99) %}\n{% set_global a = a ~ a %}\n{% endfor %}".to_owned(),
            "error: template: expected at most 10487",
            "invoice.html:3:1\n",
        ),
        (
            "a list that doubles",
            "{% set_global a = [1] %}\n{% for i in range(end=99) %}\n{% set_global a = [a, a] %}\n{% endfor %}{{ a }}".to_owned(),
            "error: template: expected at most ",
            "invoice.html:3:1\n",
        ),
        (
            "a list as deep as the loop is long",
            "{% set_global a = [1] %}\n{% for i in range(end=100000) %}\n{% set_global a = [a] %}\n{% endfor %}".to_owned(),
            "error: template: expected at most 32 lists within each other in a variable",
            "invoice.html:3:1\n",
        ),
        ("a text kept aside", format!("{{% set a %}}\n{}{{% endset %}}", loops("xx")), WORK, "invoice.html:3:"),
        (
            "a kept text printed into another",
            format!("{{% set b %}}{}{{% endset %}}{{% set a %}}\n{}{{% endset %}}", "x".repeat(1_000_000), loops("{{ b }}")),
            WORK,
            "invoice.html:3:",
        ),
        (
            "names of loops that grow",
            "{% for a in [\"0123456789\"] %}".to_owned()
                + &["abcdefghijklmnopqrstuvwxy".as_bytes(); 1]
                    .concat()
                    .windows(2)
                    .map(|pair| {
                        let (from, to) = (char::from(pair[0]), char::from(pair[1]));
                        format!("\n{{% for {to} in [{from} ~ {from} ~ {from} ~ {from} ~ {from} ~ {from}] %}}")
                    })
                    .collect::<String>()
                + &"{% endfor %}".repeat(25),
            "error: template: expected at most 10",
            "invoice.html:",
        ),
        (
            "components that call each other",
            format!("{{% component c(n) %}}{{% if n > 0 %}}\n{ten_calls}{{% endif %}}{{% endcomponent %}}{{{{ <c n={{19}}/> }}}}"),
            WORK,
            "invoice.html:1:1",
        ),
        (
            "lists within lists",
            "<p>\n{% set a = [[y for y in range(end=100000)] for x in range(end=100000)] %}".to_owned(),
            WORK,
            "invoice.html:2:",
        ),
        (
            "lists of a kept list",
            "{% set a = range(end=1000) %}{% for i in [1] %}\n{% set b = [[p for p in a] for q in a] %}{% endfor %}".to_owned(),
            WORK,
            "invoice.html:1:30",
        ),
        (
            "a filter that makes much of little",
            format!("<p>\n{{{{ \"aaaaaaaaaa\"{} }}}}", " | replace(from=\"a\", to=\"aaaaaaaaaaaaaaaaaaaa\")".repeat(6)),
            "error: template: expected a filter that makes at most ",
            "invoice.html:2:",
        ),
        ("numbers without end", "<p>\n{% for i in range(end=1000000000000) %}{% endfor %}".to_owned(), "error: template: expected at most 100000 numbers in range()", "invoice.html:2:13"),
        ("the program's own names", "<p>\n{{ bounds__step(n=1) }}".to_owned(), "error: template: names that begin with bounds__ are the program's own", "invoice.html:2:4"),
        ("brackets", format!("{{{{ {}1{} }}}}", "(".repeat(50_000), ")".repeat(50_000)), "error: template: ", "invoice.html:1:"),
        ("conditions", format!("{}{}", "{% if 1 %}".repeat(50_000), "{% endif %}".repeat(50_000)), "error: template: ", "invoice.html:1:"),
        ("sums", format!("{{{{ 1{} }}}}", " + 1".repeat(100_000)), "error: template: ", "invoice.html:1:"),
    ];
    for (what, template, message, place) in &cases {
        let told = told(&[("invoice.html", template)]);
        assert!(told.starts_with(message), "{what}: {told:.500}");
        assert!(told.contains(&format!("\n --> templates/{place}")), "{what}: {told:.500}");
    }
}

#[test]
fn templates_that_include_or_extend_others_share_one_bound() {
    let name = |number: usize| if number == 0 { "invoice.html".to_owned() } else { format!("t{number}.html") };
    // Each includes the next twice: 2⁴⁰ in all.
    let include = |number: usize| format!("{{% include \"{0}\" %}}\n{{% include \"{0}\" %}}", name(number + 1));
    let mut files: Vec<(String, String)> = (0..40).map(|number| (name(number), include(number))).collect();
    files.push((name(40), "x".to_owned()));
    // Each shows the block it replaces twice.
    let mut blocks: Vec<(String, String)> = (0..40)
        .map(|number| {
            let parent = name(number + 1);
            (
                name(number),
                format!(
                    "{{% extends \"{parent}\" %}}{{% block b %}}{{{{ super() }}}}{{{{ super() }}}}{{% endblock %}}"
                ),
            )
        })
        .collect();
    blocks.push((name(40), "{% block b %}x{% endblock %}".to_owned()));
    for (what, files, at) in [("includes", files, ":1:1\n"), ("blocks", blocks, ":1:")] {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let told = told(&files);
        assert!(told.starts_with(WORK), "{what}: {told:.500}");
        assert!(told.contains(at), "{what}: {told:.500}");
    }
    let chain: Vec<(String, String)> =
        (0..400).map(|number| (name(number), format!("{{% include \"{}\" %}}", name(number + 1)))).collect();
    let mut chain: Vec<(&str, &str)> = chain.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    chain.push(("t400.html", "x"));
    let deep = told(&chain);
    let expected = "error: template: expected at most 64 templates, blocks and components within each other\n --> ";
    assert!(deep.starts_with(expected), "{deep:.500}");
    // In a circle: Tera says so itself.
    assert!(
        !told(&[("invoice.html", "{% include \"b.html\" %}"), ("b.html", "{% include \"invoice.html\" %}")]).is_empty()
    );
    assert!(
        !told(&[("invoice.html", "{% extends \"b.html\" %}"), ("b.html", "{% extends \"invoice.html\" %}")]).is_empty()
    );
}

#[test]
fn mistakes_in_counted_templates_keep_their_columns() {
    let told = told(&[("invoice.html", "{% for row in rows %}{% set a = row.name %}二 {{ row.nam }}{% endfor %}")]);
    let expected = "\
error: template: field `nam` is not defined on `row`
 --> templates/invoice.html:1:53
  |
1 | {% for row in rows %}{% set a = row.name %}二 {{ row.nam }}{% endfor %}
";
    let place = told.lines().nth(1);
    assert_eq!(place, expected.lines().nth(1), "{told}");
}
