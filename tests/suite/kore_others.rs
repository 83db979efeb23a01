//! Our KORE against others' understanding of the API. `tests/kore/check` installs what these need and runs them.

use std::process::Command;

use crate::fake_kore::{self, CLIENT, Fault, sid};
use crate::http_client::environment;
use crate::kore_api::{TOTALS, USUAL, build, fetched, workspace};
use crate::prism::Prism;
use invoicer::sources::http::{Client, Limits, Request, Url};

/// KORE's OpenAPI document, with what it lacks.
fn document() -> serde_json::Value {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read(root.join("tests/data/kore-supersim.openapi.json")).unwrap();
    let mut document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    // Tokens are given by another host, of which we have no document to keep.
    document["paths"]["/api-services/v1/auth/token"] = serde_json::json!({ "post": {
        "security": [],
        "requestBody": { "required": true, "content": { "application/x-www-form-urlencoded": { "schema": {
            "type": "object", "required": ["grant_type", "client_id", "client_secret"],
            "properties": {
                "grant_type": { "type": "string", "enum": ["client_credentials"] },
                "client_id": { "type": "string" }, "client_secret": { "type": "string" },
            },
        } } } },
        "responses": { "200": { "description": "a token" } },
    } });
    // Prism leaves a list unchecked where anything in it is nullable and has no type; the examples show this type.
    document["components"]["schemas"]["supersim.v1.usage_record"]["properties"]["period"]["type"] = "object".into();
    document
}

#[test]
#[ignore = "needs Prism: run tests/kore/check"]
fn requests_and_answers_are_as_the_openapi_document_says() {
    // The document's examples have amounts as text, its schema has them as numbers.
    let (server, fake) = fake_kore::start(&[Fault::BareNumbers]);
    let prism = Prism::start(&document(), &server);
    fake.stands_behind(&prism.url);
    let sandbox = workspace(&prism.url, "");
    fetched(&sandbox, &USUAL).unwrap();
    assert_eq!(build(&sandbox), TOTALS);

    // That it refuses what is not: a request with a page too large, an answer with an id of another form.
    let (environment, _) = environment(&[]);
    let url = Url::parse(&prism.url).unwrap();
    let client = Client::new(&url, &environment, Limits { attempts: 1, ..Limits::default() }).unwrap();
    let request = Request::get(url.join("/v1/UsageRecords?PageSize=250").unwrap());
    assert_eq!(client.send(&request.header("authorization", "Bearer x")).unwrap().status, 422);

    let (server, fake) = fake_kore::start(&[Fault::BareNumbers, Fault::OddIds]);
    let prism = Prism::start(&document(), &server);
    fake.stands_behind(&prism.url);
    let told = fetched(&workspace(&prism.url, ""), &USUAL).unwrap_err();
    assert!(told.contains("status 500"), "{told}");
}

#[test]
#[ignore = "needs Twilio's client library: run tests/kore/check"]
fn twilio_s_client_reads_our_kore() {
    let (server, _) = fake_kore::start(&[]);
    let python = std::env::var("INVOICER_TWILIO_PYTHON").expect("INVOICER_TWILIO_PYTHON names a Python with twilio");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kore/twilio_client.py");
    let output = Command::new(python).args([script, &server.url(), CLIENT.0, CLIENT.1]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut expected = Vec::new();
    for day in (1..=31).rev() {
        for (number, bytes) in [(1, 1_000), (2, 1_048_576), (3, 7)] {
            expected.push(format!("usage {} 2022-08-{day:02}T00:00:00Z {bytes} USD", sid("HS", number)));
        }
    }
    for (number, name, fleet) in [(1, "acme-meter-1", 1), (2, "None", 1), (3, "bravo-gate", 2)] {
        expected.push(format!("sim {} {name} {}", sid("HS", number), sid("HF", fleet)));
    }
    expected.push(format!("fleet {} acme-fleet", sid("HF", 1)));
    expected.push(format!("fleet {} None", sid("HF", 2)));
    let listed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(listed.lines().collect::<Vec<&str>>(), expected);
}
