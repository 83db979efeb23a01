//! Half a bill is never kept: answers that may not be whole, and rows that do not add up to the provider's total.

use crate::common::Sandbox;
use crate::fake_kore;
use crate::http_server::{Asked, Reply, Server};
use crate::sakura_cloud::Cloud;
use crate::{kore_api, sakura_api, soracom_api};

/// What came over the line, with the length of the whole body as `{length}`.
fn raw(head: &str, body: &[u8]) -> Reply {
    let head = head.replace("{length}", &body.len().to_string()).replace('\n', "\r\n");
    Reply::raw([head.as_bytes(), b"\r\n", body].concat())
}

fn chunk(body: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat()
}

/// A way in which an answer may not be whole, made from the right one, and what is then told.
type Shape = (&'static str, fn(&[u8]) -> Reply, &'static str);

const SHAPES: [Shape; 14] = [
    ("201", |body| Reply::json(body).with_status(201), "status 201"),
    ("202", |body| Reply::json(body).with_status(202), "status 202"),
    ("203", |body| Reply::json(body).with_status(203), "status 203"),
    ("204", |_| raw("HTTP/1.1 204 No Content\n", b""), "status 204"),
    ("206", |body| Reply::json(body).with_status(206).header("content-range", "bytes 0-9/99"), "status 206"),
    ("226", |body| Reply::json(body).with_status(226), "status 226"),
    ("200 of a part", |body| Reply::json(body).header("content-range", "bytes 0-9/99"), "a part of what was asked for"),
    ("no length", |body| raw("HTTP/1.1 200 OK\nconnection: close\n", body), "does not say how long it is"),
    ("HTTP/1.0 without length", |body| raw("HTTP/1.0 200 OK\n", body), "does not say how long it is"),
    ("other coding", |body| raw("HTTP/1.1 200 OK\ntransfer-encoding: identity\n", body), "how long it is"),
    ("no last chunk", |body| raw("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n", &chunk(body)), "asked"),
    ("cut", |body| raw(&format!("HTTP/1.1 200 OK\ncontent-length: {}\n", body.len() + 1), body), "asked"),
    ("two lengths", |body| raw("HTTP/1.1 200 OK\ncontent-length: {length}\ncontent-length: 1\n", body), "asked"),
    ("compressed", |body| Reply::json(body).header("content-encoding", "gzip"), "compressed"),
];

/// An answer of one call in another shape; every call in its usual one for `None`.
type Target = Option<(String, String)>;

/// Each call of a fetch in each shape is refused and leaves nothing. `fetch` starts a server that changes the usual reply
/// of its target, fetches from it, and gives the calls that were made.
fn every_call(fetch: impl Fn(Target, fn(&[u8]) -> Reply) -> (Result<(), String>, Vec<Asked>, Sandbox), least: usize) {
    let (result, asked, _) = fetch(None, |_| Reply::status(500));
    result.unwrap();
    let mut calls: Vec<(String, String)> = asked.into_iter().map(|asked| (asked.method, asked.path)).collect();
    calls.sort();
    calls.dedup();
    // A zone's kinds of resources are asked for by the same code.
    calls.retain(|(_, path)| {
        !path.contains("/cloud/1.1/") || !path.contains("is1b") || path.ends_with("/server") || path.ends_with("/price")
    });
    calls.retain(|(_, path)| !path.contains("tk1a") || path.ends_with("/switch"));
    assert!(calls.len() >= least, "{calls:?}");
    for call in calls {
        for (shape, change, expected) in SHAPES {
            let (result, _, sandbox) = fetch(Some(call.clone()), change);
            let told = result.expect_err(&format!("{call:?}: {shape} was kept"));
            assert!(told.contains(expected), "{call:?}, {shape}: expected {expected}, found {told}");
            assert!(!sandbox.path().join("billing").exists(), "{call:?}, {shape}: {:?}", sandbox.files());
        }
    }
}

fn is(asked: &Asked, target: &Target) -> bool {
    target.as_ref().is_some_and(|(method, path)| (&asked.method, &asked.path) == (method, path))
}

#[test]
fn no_call_of_soracom_takes_an_answer_that_may_not_be_whole() {
    every_call(
        |target, change| {
            let server = Server::start(move |asked| {
                let host = format!("http://{}", asked.header("host"));
                let usual = soracom_api::usual(asked, &host);
                let usual = match (usual.code(), asked.path.as_str()) {
                    // What a month need not have is there, so that each of these calls is looked at too.
                    (404, path) if path.contains("/summaries/") => Reply::json("[]"),
                    (404, path) if path.starts_with("/v1/") => Reply::json("{}"),
                    _ => usual,
                };
                if is(asked, &target) { change(usual.bytes()) } else { usual }
            });
            let sandbox = soracom_api::workspace(&server);
            let result = soracom_api::fetched(&sandbox, false).map(drop);
            (result, server.asked(), sandbox)
        },
        10,
    );
}

#[test]
fn no_call_of_sakura_takes_an_answer_that_may_not_be_whole() {
    every_call(
        |target, change| {
            let server = Cloud::new().serve(move |asked, usual| (is(asked, &target)).then(|| change(usual.bytes())));
            let sandbox = sakura_api::workspace(&server);
            let result = sakura_api::fetched(&sandbox, "202208", &sakura_api::KEYS).map(drop);
            (result, server.asked(), sandbox)
        },
        7,
    );
}

#[test]
fn no_call_of_kore_takes_an_answer_that_may_not_be_whole() {
    every_call(
        |target, change| {
            let (server, _) = fake_kore::start_with(&[], move |asked, usual| match is(asked, &target) {
                true => change(usual().bytes()),
                false => usual(),
            });
            let sandbox = kore_api::workspace(&server.url(), "");
            let result = kore_api::fetched(&sandbox, &kore_api::USUAL).map(drop);
            (result, server.asked(), sandbox)
        },
        4,
    );
}

/// Chunked answers and those of HTTP/1.0 with a length are whole.
#[test]
fn whole_answers_are_taken_however_they_are_sent() {
    let server = soracom_api::soracom(|asked, _| match asked.path.as_str() {
        "/v1/groups" => {
            Some(raw("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n", &[chunk(b"[]"), chunk(b"")].concat()))
        }
        "/download" => Some(raw("HTTP/1.0 200 OK\ncontent-length: {length}\n", soracom_api::CSV.as_bytes())),
        _ => None,
    });
    let sandbox = soracom_api::workspace(&server);
    soracom_api::fetched(&sandbox, false).unwrap();
    assert_eq!(sandbox.read("billing/202208/soracom/groups-0000.json"), b"[]");
    assert_eq!(sandbox.read("billing/202208/soracom/export.csv"), soracom_api::CSV.as_bytes());
}

/// SORACOM without the row of a discount: 310 + 155 = 465, with tax 511.5, rounded up to 512; the bill says 461.
fn without_discount() -> Server {
    soracom_api::soracom(|asked, _| {
        let csv = soracom_api::CSV.replace(",202208,freeTierBasic,,,-46.5,\n", "");
        (asked.path == "/download").then(|| Reply::text(csv.clone()))
    })
}

#[test]
fn rows_that_do_not_add_up_are_refused_at_once() {
    let server = without_discount();
    let sandbox = soracom_api::workspace(&server);
    let told = soracom_api::fetched(&sandbox, false).unwrap_err();
    for expected in [
        "error: the bill fetched from \"soracom\" does not add up to the provider's total; nothing was kept",
        "= rows with tax ¥512, the provider's total ¥461, difference ¥51",
        "invoicer fetch 202208 --source soracom --accept-difference REASON",
    ] {
        assert!(told.contains(expected), "expected {expected}, found {told}");
    }
    assert!(!sandbox.path().join("billing").exists());

    // SAKURA with a disk of 300 yen instead of 400: 5600 + 560, and the bill says 6270.
    let server = Cloud::new().serve(|asked, right| {
        (asked.path == sakura_api::CSV)
            .then(|| sakura_api::with_body(right, |csv| csv.replace("\"400\",\"40\"", "\"300\",\"30\"")))
    });
    let sandbox = sakura_api::workspace(&server);
    let told = sakura_api::fetched(&sandbox, "202208", &sakura_api::KEYS).unwrap_err();
    assert!(told.contains("rows with tax ¥6,160, the provider's total ¥6,270, difference -¥110"), "{told}");
    assert!(!sandbox.path().join("billing").exists());
}

#[test]
fn a_difference_is_accepted_for_a_reason_that_everyone_is_told() {
    let server = without_discount();
    let sandbox = soracom_api::workspace(&server);
    let keys = &soracom_api::KEYS;
    let refused = sandbox.run_with(&["build", "202208"], keys);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(!sandbox.path().join("billing").exists());
    // A difference is one source's, and has a reason.
    for arguments in [
        &["fetch", "202208", "--accept-difference", "ticket 4711"][..],
        &["fetch", "202208", "--source", "soracom", "--accept-difference", " "],
        &["fetch", "202208", "--source", "soracom", "--accept-difference", "a\nb"],
    ] {
        assert_eq!(sandbox.run_with(arguments, keys).code, 64, "{arguments:?}");
    }
    let two = ["fetch", "202208", "--source", "soracom", "--source", "soracom", "--accept-difference", "ticket 4711"];
    let run = sandbox.run_with(&two, keys);
    assert!(run.code == 1 && run.stderr.contains("--accept-difference is for one source, found 2"), "{}", run.stderr);

    let accept = ["fetch", "202208", "--source", "soracom", "--accept-difference", "ticket 4711: credited by hand"];
    let run = sandbox.run_with(&accept, keys);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let accepted = &sandbox.json("billing/202208/soracom/provenance.json")["accepted_difference"];
    let expected = serde_json::json!({
        "ours": "512", "provider": "461", "difference": "51", "reason": "ticket 4711: credited by hand"
    });
    assert_eq!(*accepted, expected);
    let note = "a difference of ¥51 was accepted when it was fetched: ticket 4711: credited by hand";
    for arguments in [
        &["status", "--offline"][..],
        &["reconcile", "202208"],
        &["check", "202208"],
        &["build", "202208", "--offline", "--format", "json"],
    ] {
        let run = sandbox.run(arguments);
        assert!(run.stderr.contains(note), "{arguments:?}: {}", run.stderr);
    }
    // The review page is in Japanese, and tells it without words.
    let page = String::from_utf8(sandbox.read("out/202208/index.html")).unwrap();
    assert!(page.contains("¥51: ticket 4711: credited by hand"));
    for arguments in [["status", "--offline", "--json"], ["reconcile", "202208", "--json"]] {
        let found: serde_json::Value = serde_json::from_str(&sandbox.run(&arguments).stdout).unwrap();
        assert_eq!(found[0]["accepted_difference"], expected, "{arguments:?}");
    }
    // Asked again, the same difference is not told as another half.
    let again = sandbox.run_with(&["reconcile", "202208", "--fetch"], keys);
    assert!(!again.stderr.contains("sends now does not add up"), "{}", again.stderr);
    // A new fetch needs the reason again.
    assert_eq!(sandbox.run_with(&["fetch", "202208", "--force"], keys).code, 1);
    assert_eq!(sandbox.json("billing/202208/soracom/provenance.json")["accepted_difference"], expected);
}

#[test]
fn reconcile_says_that_what_is_sent_now_is_half() {
    let server = soracom_api::soracom(|asked, _| {
        let csv = soracom_api::CSV.replace("440100000000002,20220801,basicCharge,10,15.5,155,g-2\n", "");
        (asked.path == "/download" && asked.times > 0).then(|| Reply::text(csv.clone()))
    });
    let sandbox = soracom_api::workspace(&server);
    soracom_api::fetched(&sandbox, false).unwrap();
    let run = sandbox.run_with(&["reconcile", "202208", "--fetch"], &soracom_api::KEYS);
    assert_eq!(run.code, 1);
    // 310 − 46.5 = 263.5, with tax 289.85, rounded up.
    for expected in [
        "what \"soracom\" sends now does not add up to the provider's total",
        "rows with tax ¥290, the provider's total ¥461, difference -¥171",
        "20220801 440100000000002 basicCharge: 155 → no row",
    ] {
        assert!(run.stderr.contains(expected), "expected {expected}, found {}", run.stderr);
    }
}

#[test]
fn a_month_that_may_still_change_only_warns_of_a_difference() {
    let server = soracom_api::soracom(|asked, _| {
        let bill = soracom_api::BILL.replace("closed", "temporary").replace("461", "500");
        (asked.path == "/v1/bills/202208").then(|| Reply::json(bill.clone()))
    });
    let sandbox = soracom_api::workspace(&server);
    let run = sandbox.run_with(&["fetch", "202208", "--draft"], &soracom_api::KEYS);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("do not add up to the provider's total yet"), "{}", run.stderr);
    assert!(run.stderr.contains("difference -¥39"), "{}", run.stderr);
}
