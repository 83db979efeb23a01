//! Renders what a template sees, given as JSON, in a design: for kinds of documents that no command makes yet.
//!
//! `cargo run --example render_view -- WORKSPACE DESIGN VIEW.json OUT` writes `OUT.html` and `OUT.pdf`. Words come from
//! the templates; `logo` and `seal` are paths that the workspace's `[issuer]` names.

use std::error::Error;
use std::path::Path;

use invoicer::assets::Assets;
use invoicer::diagnostic::Diagnostic;
use invoicer::model::invoice::DocumentKind;
use invoicer::model::settings::Language;
use invoicer::workspace;
use pages::layout;
use pages::pdf::{self, Metadata};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [root, design, path, out] = arguments.as_slice() else {
        return Err("expected WORKSPACE DESIGN VIEW.json OUT".into());
    };
    let root = Path::new(root);
    let settings = workspace::load(root).map_err(told)?.settings;
    let assets = Assets::load(root, &settings).map_err(told)?;
    let mut view: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let language = if view["language"] == "en" { Language::English } else { Language::Japanese };
    let kind = if view["kind"] == "credit-note" { DocumentKind::CreditNote } else { DocumentKind::Invoice };
    view["labels"] = serde_json::to_value(assets.templates.labels(language, kind))?;
    for image in ["logo", "seal"] {
        view["issuer"][image] = assets.link(view["issuer"][image].as_str().unwrap_or_default()).into();
    }
    let html = assets.templates.document(design, &view).map_err(|problem| told(vec![problem]))?;
    std::fs::write(format!("{out}.html"), &html)?;
    let document = layout::lay_out(&html, &assets.faces, &|src| assets.image(src));
    let document = document.map_err(|faults| format!("{faults:?}"))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = Metadata {
        program: "invoicer".to_owned(),
        title: format!("{} {}", text(&view["title"]), text(&view["number"])),
        author: text(&view["issuer"]["name"]),
        subject: text(&view["customer"]["name"]),
        language: language.tag().to_owned(),
        date: "2022-09-12".parse()?,
        attachments: Vec::new(),
    };
    std::fs::write(format!("{out}.pdf"), pdf::write(&document, &assets.faces, &metadata)?)?;
    Ok(())
}

fn told(problems: impl IntoIterator<Item = Diagnostic>) -> Box<dyn Error> {
    problems.into_iter().map(|problem| problem.render(false)).collect::<String>().into()
}
