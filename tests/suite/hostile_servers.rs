//! Servers that want more than they should get: keys shown in what is told and kept, and time without end.

use std::cell::Cell;
use std::fs::File;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::common::Sandbox;
use crate::fake_kore::{self, CLIENT};
use crate::http_client::environment;
use crate::http_server::{Asked, Reply, Server};
use crate::sakura_cloud::{Cloud, SECRET, TOKEN};
use crate::{kore_api, sakura_api, soracom_api};
use invoicer::sources::fetch::{FetchRequest, fetch};
use invoicer::sources::http::{Client, Limits, Request, Url};

/// What a server answers instead of its usual reply.
type Change = Box<dyn Fn(&Asked, &Reply) -> Option<Reply> + Send + Sync>;

/// Everything that a fetch told or wrote besides the answers themselves.
fn told(sandbox: &Sandbox, keys: &[(&str, &str)]) -> String {
    let workspace = invoicer::workspace::load(sandbox.path()).unwrap();
    let (environment, heard) = environment(keys);
    let month = "202208".parse().unwrap();
    let wish = FetchRequest {
        root: sandbox.path(),
        month,
        draft: false,
        force: true,
        accept: None,
        environment: &environment,
    };
    let result = fetch(wish, &workspace.settings.sources[0]);
    let mut told = format!("{result:?}\n{}\n", heard.lock().unwrap().join("\n"));
    if let Err(problem) = &result {
        told += &problem.render(false);
    }
    for (path, bytes) in sandbox.files() {
        told += &format!("{path}\n");
        if path.ends_with("provenance.json") {
            told += &String::from_utf8(bytes).unwrap();
        }
    }
    told
}

fn soracom(change: Change) -> String {
    let server = Server::start(move |asked| {
        let host = format!("http://{}", asked.header("host"));
        let usual = soracom_api::usual(asked, &host);
        change(asked, &usual).unwrap_or(usual)
    });
    told(&soracom_api::workspace(&server), &soracom_api::KEYS)
}

fn sakura(change: Change) -> String {
    let server = Cloud::new().serve(change);
    told(&sakura_api::workspace(&server), &sakura_api::KEYS)
}

fn kore(change: Change) -> String {
    let (server, _) = fake_kore::start_with(&[], move |asked, usual| {
        let usual = usual();
        change(asked, &usual).unwrap_or(usual)
    });
    told(&kore_api::workspace(&server.url(), ""), &kore_api::KEYS)
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A secret in the ways that servers write it.
fn encoded(secret: &str) -> Vec<String> {
    let escapes: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let pair = format!("id:{secret}");
    let json = serde_json::to_string(secret).unwrap();
    vec![
        secret.to_owned(),
        percent(secret),
        percent(&percent(secret)),
        escapes,
        json.trim_matches('"').replace('/', "\\/"),
        STANDARD.encode(&pair),
        URL_SAFE_NO_PAD.encode(&pair),
        percent(&STANDARD.encode(&pair)),
    ]
}

fn all_encoded(secrets: &[&str]) -> String {
    secrets.iter().flat_map(|secret| encoded(secret)).collect::<Vec<String>>().join(" | ")
}

fn assert_unseen(secrets: &[&str], told: &str, context: &str) {
    for form in secrets.iter().flat_map(|secret| encoded(secret)) {
        // The characters at both ends of Base64 hold bits of its neighbours too.
        let middle: String = form.chars().skip(3).take(form.chars().count() - 7).collect();
        assert!(!told.contains(&middle), "{context}: {form} in {told}");
    }
}

/// Those of the texts that a header can hold.
fn visible(text: &str) -> String {
    text.split(" | ").filter(|form| form.is_ascii()).collect::<Vec<&str>>().join(" | ")
}

/// A reply that puts a text where it may be told, and what that place is called.
type Where = (&'static str, fn(&str, &Asked) -> Reply);

const PLACES: [Where; 7] = [
    ("an error's message", |text, _| {
        let body = serde_json::json!({ "code": text, "message": text, "error_msg": text, "is_ok": false });
        Reply::json(body.to_string()).with_status(400)
    }),
    ("an error with status 200", |text, _| {
        Reply::json(serde_json::json!({ "error_code": text, "error_msg": text, "is_ok": false }).to_string())
    }),
    ("a wait", |text, _| Reply::status(503).header("retry-after", visible(text))),
    ("a media type", |text, _| Reply::text("nonsense").header("content-type", visible(text))),
    ("a value of another type", |text, _| Reply::json(serde_json::json!(text).to_string())),
    ("a key", |text, _| Reply::json(serde_json::json!({ text: text }).to_string())),
    ("a redirect", |text, asked| match asked.path.contains("/away") {
        true => Reply::status(404),
        false => Reply::status(302).header("location", format!("/away/{}", percent(text))),
    }),
];

/// The secrets in every place of every answer of `paths`: none is told.
fn every_place(fetch: fn(Change) -> String, paths: &[&str], secrets: &'static [&'static str]) {
    for path in paths {
        for (place, reply) in PLACES {
            let wanted = (*path).to_owned();
            let text = all_encoded(secrets);
            let change: Change = Box::new(move |asked, _| {
                (asked.path == wanted || asked.path.starts_with("/away")).then(|| reply(&text, asked))
            });
            assert_unseen(secrets, &fetch(change), &format!("{path}, {place}"));
        }
    }
}

const SORACOM_KEYS: [&str; 2] = ["keyId-hunter1", "secret-hunter2"];
const SORACOM_ALL: [&str; 4] = ["keyId-hunter1", "secret-hunter2", "api-hunter3", "token-hunter4"];

#[test]
fn soracom_cannot_have_its_keys_shown() {
    every_place(soracom, &["/v1/auth"], &SORACOM_KEYS);
    let paths = ["/v1/bills/202208", "/v1/bills/202208/export", "/v1/bills", "/v1/coupons", "/v1/sims", "/v1/groups"];
    every_place(soracom, &paths, &SORACOM_ALL);
    // The signature of a presigned URL, once it is known.
    let secrets: &[&str] = &["hunter5-signature"];
    for (place, reply) in PLACES {
        let text = all_encoded(secrets);
        let told = soracom(Box::new(move |asked, _| match asked.path.as_str() {
            "/v1/bills/202208/export" => {
                let url = format!("http://{}/download?X-Amz-Signature={}", asked.header("host"), secrets[0]);
                Some(Reply::json(serde_json::json!({ "url": url }).to_string()))
            }
            "/download" => Some(reply(&text, asked)),
            path => path.starts_with("/away").then(|| reply(&text, asked)),
        }));
        assert_unseen(secrets, &told, place);
    }
}

#[test]
fn keys_in_the_values_of_a_bill_are_masked_where_they_are_told() {
    let secrets = &SORACOM_ALL;
    let text = all_encoded(secrets);
    let told = |path: &'static str, body: String| {
        soracom(Box::new(move |asked, _| (asked.path == path).then(|| Reply::text(body.clone()))))
    };
    for (context, path, body) in [
        ("state", "/v1/bills/202208", serde_json::json!({ "state": text }).to_string()),
        ("currency", "/v1/bills/202208", serde_json::json!({ "currency": text, "state": "closed" }).to_string()),
        ("amount of a row", "/download", soracom_api::CSV.replace("310", &text.replace(['"', ','], ""))),
        ("date of a row", "/download", soracom_api::CSV.replace("20220801", &text.replace(['"', ','], ""))),
        ("column", "/download", soracom_api::CSV.replace("date", &text.replace(['"', ','], ""))),
        (
            "URL",
            "/v1/bills/202208/export",
            serde_json::json!({ "url": format!("http://x.example/{text}") }).to_string(),
        ),
        ("file", "/v1/bills/202208/export", serde_json::json!({ "exportedFileId": "token-hunter4" }).to_string()),
        ("group", "/v1/groups", serde_json::json!([{ "groupId": { "x": text } }]).to_string()),
    ] {
        assert_unseen(secrets, &told(path, body), context);
    }
    // A key that becomes part of an address is not kept in the provenance.
    let address = soracom(Box::new(|asked, _| match (asked.path.as_str(), asked.times) {
        ("/v1/sims", 0) => {
            Some(Reply::json(r#"[{"simId":"1"}]"#).header("x-soracom-next-key", visible(&all_encoded(&SORACOM_ALL))))
        }
        ("/v1/sims", _) => Some(Reply::json(r#"[{"simId":"2"}]"#)),
        _ => None,
    }));
    assert!(address.contains("sims-0001.json"), "{address}");
    assert_unseen(secrets, &address, "address");
}

#[test]
fn sakura_cannot_have_its_keys_shown() {
    let zone = "/cloud/zone/is1a/api";
    let paths: Vec<String> = [
        "cloud/1.1/auth-status",
        "system/1.0/bill/by-contract/000000526782",
        "system/1.0/billdetail/abc00001/13481639/csv",
        "system/1.0/billdetail/abc00001/13481639",
        "cloud/1.1/zone",
    ]
    .map(|path| format!("{zone}/{path}"))
    .to_vec();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    every_place(sakura, &paths, &[TOKEN, SECRET]);
    let pair = STANDARD.encode(format!("{TOKEN}:{SECRET}"));
    let told = sakura(Box::new(move |asked, _| {
        let body = serde_json::json!({ "error_msg": asked.header("authorization") }).to_string();
        asked.path.ends_with("/auth-status").then(|| Reply::json(body).with_status(400))
    }));
    assert!(told.contains("status 400") && !told.contains(&pair[4..pair.len() - 4]), "{told}");
    // The id of a bill is part of a file's name, and a token can look like an id.
    let told = sakura(Box::new(|asked, right| {
        let text = String::from_utf8(right.bytes().to_vec()).unwrap();
        let is_list = asked.path.contains("/bill/by-contract/");
        let is_bill = asked.path.contains(&format!("/{TOKEN}"));
        let details = r#"{"BillDetails":[],"Count":0,"is_ok":true}"#;
        let csv = serde_json::json!({ "Body": "\"No.\"\r\n\"1\"\r\n", "is_ok": true }).to_string();
        match (is_list, is_bill) {
            (true, _) => Some(Reply::json(text.replace("13481639", &format!("\"{TOKEN}\"")))),
            (_, true) if asked.path.ends_with("/csv") => Some(Reply::json(csv)),
            (_, true) => Some(Reply::json(details)),
            _ => None,
        }
    }));
    assert_unseen(&[TOKEN, SECRET], &told, "id");
    assert!(told.contains("use a key of yours as an id"), "{told}");
}

#[test]
fn kore_cannot_have_its_keys_shown() {
    every_place(kore, &["/api-services/v1/auth/token"], &[CLIENT.1]);
    every_place(kore, &["/v1/UsageRecords", "/v1/Sims", "/v1/Fleets"], &[CLIENT.1, "token-1-of-eyJ"]);
    let secrets = ["token-1-of-eyJ"];
    let told = kore(Box::new(|asked, right| {
        let text = String::from_utf8(right.bytes().to_vec()).unwrap();
        let forms = percent(&all_encoded(&["token-1-of-eyJ"]));
        let leads_on = asked.path == "/v1/Sims" && !asked.query.contains("Page=1");
        leads_on.then(|| Reply::json(text.replace("PageToken=PT1", &format!("PageToken={forms}"))))
    }));
    assert!(told.contains("sims-0001.json"), "{told}");
    assert_unseen(&secrets, &told, "address");
}

#[test]
fn a_key_in_the_month_s_state_is_not_listed_by_status() {
    let server = soracom_api::soracom(|asked, _| {
        let list = r#"{"billList":[{"yearMonth":"202208","state":"token-hunter4","amount":461}]}"#;
        (asked.path == "/v1/bills").then(|| Reply::json(list))
    });
    let sandbox = soracom_api::workspace(&server);
    for arguments in [&["status"][..], &["status", "--json"]] {
        let run = sandbox.run_with(arguments, &soracom_api::KEYS);
        assert!(run.code == 0 && run.stdout.contains("***") && !run.stdout.contains("hunter"), "{}", run.stdout);
    }
}

#[test]
fn a_key_in_the_name_of_a_changed_row_is_not_kept() {
    let server = soracom_api::soracom(|asked, _| {
        let csv = soracom_api::CSV
            .replace("10,15.5,155", "10,15.4,154")
            .replace(",20220801,basicCharge", ",20220801,token-hunter4");
        (asked.path == "/download" && asked.times > 0).then(|| Reply::text(csv.clone()))
    });
    let sandbox = soracom_api::workspace(&server);
    soracom_api::fetched(&sandbox, false).unwrap();
    let run = sandbox.run_with(&["reconcile", "202208", "--fetch"], &soracom_api::KEYS);
    assert!(run.code == 1 && run.stderr.contains("are not what they were"), "{}", run.stderr);
    let drift = String::from_utf8(sandbox.read("billing/202208/soracom/drift.json")).unwrap();
    assert!(
        drift.contains("***") && !drift.contains("hunter") && !run.stderr.contains("hunter"),
        "{drift}{}",
        run.stderr
    );
}

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
    static STEP: Cell<u64> = const { Cell::new(0) };
}

/// A clock that goes on by `STEP` seconds each time it is looked at.
fn ticking() -> Duration {
    NOW.set(NOW.get() + STEP.get());
    Duration::from_secs(NOW.get())
}

/// Gets `/x`, or downloads it, by a clock that goes on by so many seconds with each piece that arrives.
fn get_slowly(server: &Server, step: u64, limits: Limits, file: bool) -> Result<u64, String> {
    STEP.set(step);
    let (mut environment, _) = environment(&[]);
    environment.elapsed = ticking;
    let url = Url::parse(&server.url()).unwrap();
    let client = Client::new(&url, &environment, limits).unwrap();
    let request = Request::get(url.join("/x").unwrap());
    let sandbox = Sandbox::new();
    let response = match file {
        true => client.download(&request, &mut File::create(sandbox.path().join("x")).unwrap()),
        false => client.send(&request),
    };
    response.map(|response| response.length).map_err(|problem| problem.render(false))
}

#[test]
fn a_drip_of_bytes_ends_after_ten_minutes() {
    // A mebibyte comes in sixteen pieces at least.
    let server = Server::start(|_| Reply::text(vec![b'x'; 1 << 20]));
    for file in [false, true] {
        let told = get_slowly(&server, 60, Limits::default(), file).unwrap_err();
        assert!(told.contains("the answer takes longer than 10 minutes"), "{told}");
    }
    // Nor is it asked for again.
    assert_eq!(server.count("GET", "/x"), 2);
    assert_eq!(get_slowly(&server, 0, Limits::default(), false), Ok(1 << 20));
    // A large file may take its time as long as it comes.
    let limits = Limits { pace: 1, ..Limits::default() };
    assert_eq!(get_slowly(&server, 60, limits, true), Ok(1 << 20));
    assert!(get_slowly(&server, 60, limits, false).is_err());
}

#[test]
fn attempts_end_after_half_an_hour() {
    let server = Server::start(|_| Reply::status(503));
    let told = get_slowly(&server, 700, Limits { attempts: 1000, ..Limits::default() }, false);
    assert_eq!(told, Ok(0));
    let asked = server.count("GET", "/x");
    assert!((1..5).contains(&asked), "asked {asked} times");
}

#[test]
fn a_client_asks_so_often_and_no_more() {
    let server = Server::start(|_| Reply::text("x"));
    let (environment, _) = environment(&[]);
    let url = Url::parse(&server.url()).unwrap();
    let client = Client::new(&url, &environment, Limits { requests: 3, ..Limits::default() }).unwrap();
    let request = Request::get(url);
    assert!((0..3).all(|_| client.send(&request).is_ok()));
    let told = client.send(&request).unwrap_err().render(false);
    assert!(told.contains("not asked for after 3 requests"), "{told}");
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn an_answer_in_memory_has_at_most_64_mebibytes() {
    assert_eq!(Limits::default().memory, 64 << 20);
    let server = soracom_api::soracom(|asked, _| {
        (asked.path == "/v1/groups").then(|| Reply::json([b"[".as_slice(), &vec![b' '; 64 << 20], b"]"].concat()))
    });
    let sandbox = soracom_api::workspace(&server);
    let told = soracom_api::fetched(&sandbox, false).unwrap_err();
    assert!(told.contains("the answer is larger than 67108864 bytes"), "{told}");
}
