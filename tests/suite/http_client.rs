//! The HTTP client against a server that misbehaves.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::common::Sandbox;
use crate::http_server::{Reply, Server};
use invoicer::environment::{Environment, Secret};
use invoicer::model::endpoint;
use invoicer::sources::http::{Client, Limits, Request, Response, Url};

thread_local! {
    static WAITS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Milliseconds waited so far in this test.
pub(crate) fn waits() -> Vec<u64> {
    WAITS.with(|waits| waits.borrow().clone())
}

/// An environment in which waiting takes no time, and what it was told.
pub(crate) fn environment(variables: &[(&str, &str)]) -> (Environment, Arc<Mutex<Vec<String>>>) {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let listener = Arc::clone(&heard);
    let environment = Environment {
        variables: variables.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect(),
        home: None,
        now: || DateTime::<Utc>::from_timestamp(1_662_800_000, 0).unwrap(), // 2022-09-10 08:53:20
        elapsed: || Duration::ZERO,
        wait: |time| WAITS.with(|waits| waits.borrow_mut().push(u64::try_from(time.as_millis()).unwrap())),
        random: || 0,
        listener: Box::new(move |line| listener.lock().unwrap().push(line.to_owned())),
        allowed_endpoints: vec!["127.0.0.1".parse().unwrap()],
        secrets: Arc::default(),
    };
    (environment, heard)
}

fn limits() -> Limits {
    Limits { memory: 1 << 16, file: 1 << 16, ..Limits::default() }
}

fn get(server: &Server, limits: Limits) -> Result<Response, String> {
    let (environment, _) = environment(&[]);
    let url = Url::parse(&server.url()).unwrap();
    let client = Client::new(&url, &environment, limits).unwrap();
    client.send(&Request::get(url.join("/x").unwrap())).map_err(|diagnostic| diagnostic.render(false))
}

#[test]
fn asks_again_after_429_and_500_as_long_as_it_is_told_to_wait() {
    let server = Server::start(|asked| match asked.times {
        0 => Reply::status(429).header("Retry-After", "7"),
        1 => Reply::status(429).header("X-Soracom-Ratelimit-Seconds-Before-Refresh", "30"),
        2 => Reply::status(503).header("Retry-After", "Sat, 10 Sep 2022 08:53:25 GMT"),
        3 => Reply::status(500),
        _ => Reply::text("ready"),
    });
    let response = get(&server, limits()).unwrap();
    assert_eq!((response.status, response.body.as_slice(), response.attempts), (200, b"ready".as_slice(), 5));
    // After the fourth attempt 8 s, doubled each time from 1 s.
    assert_eq!(waits(), [7000, 30_000, 5000, 8000]);
}

#[test]
fn gives_up_after_five_attempts_and_says_so() {
    let server = Server::start(|_| Reply::status(500).body(r#"{"code":"X1","message":"no luck"}"#));
    let response = get(&server, limits()).unwrap();
    assert_eq!(server.count("GET", "/x"), 5);
    let told = response.unexpected().render(false);
    assert!(told.contains("status 500") && told.contains("X1: no luck") && told.contains("asked 5 times"), "{told}");
}

#[test]
fn does_not_wait_longer_than_a_minute() {
    let server = Server::start(|_| Reply::status(429).header("retry-after", "3600"));
    let response = get(&server, limits()).unwrap();
    assert_eq!((response.status, server.count("GET", "/x")), (429, 1));
    assert!(response.unexpected().render(false).contains("asks to wait: 3600"));
}

#[test]
fn a_refusal_is_not_asked_again() {
    let server = Server::start(|_| Reply::status(404));
    assert_eq!(get(&server, limits()).unwrap().status, 404);
    assert_eq!(server.count("GET", "/x"), 1);
}

#[test]
fn survives_cut_connections_and_silence() {
    let server = Server::start(|asked| match asked.times {
        0 => Reply::text("half of this is missing").cut(),
        1 => Reply::closed(),
        2 => Reply::silent(),
        _ => Reply::text("whole"),
    });
    // Long enough for a busy machine to answer in.
    let limits = Limits { silence: Duration::from_secs(1), ..limits() };
    assert_eq!(get(&server, limits).unwrap().body, b"whole");
    assert_eq!(server.count("GET", "/x"), 4);
}

#[test]
fn half_an_answer_is_never_an_answer() {
    let server = Server::start(|_| Reply::text("half of this is missing").cut());
    let told = get(&server, limits()).unwrap_err();
    assert!(told.contains("asked 5 times"), "{told}");
}

#[test]
fn an_answer_too_large_is_refused_at_once() {
    let server = Server::start(|_| Reply::text(vec![b'x'; 70_000]));
    let told = get(&server, limits()).unwrap_err();
    assert!(told.contains("larger than 65536 bytes"), "{told}");
    assert_eq!(server.count("GET", "/x"), 1);
}

#[test]
fn a_file_holds_one_whole_answer_after_a_cut_one() {
    let server = Server::start(|asked| match asked.times {
        0 => Reply::text(vec![b'a'; 50_000]).cut(),
        _ => Reply::text("short"),
    });
    let (environment, _) = environment(&[]);
    let url = Url::parse(&server.url()).unwrap();
    let client = Client::new(&url, &environment, limits()).unwrap();
    let sandbox = Sandbox::new();
    let path = sandbox.path().join("bill.csv");
    let mut file = std::fs::File::create(&path).unwrap();
    let response = client.download(&Request::get(url), &mut file).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"short");
    // sha256sum of "short".
    assert_eq!(response.sha256, "f9b0078b5df596d2ea19010c001bbd009e651de2c57e8fb7e355f31eb9d3f739");
}

#[test]
fn credentials_do_not_follow_a_redirect() {
    let other = Server::start(|_| Reply::text("moved"));
    let target = format!("{}/there", other.url());
    let server = Server::start(move |_| Reply::status(302).header("location", target.clone()));
    let (environment, heard) = environment(&[]);
    let url = Url::parse(&server.url()).unwrap();
    let client = Client::new(&url, &environment, limits()).unwrap();
    let request = Request::get(url.join("/x").unwrap()).header("authorization", "Bearer hunter2");
    assert_eq!(client.send(&request).unwrap().body, b"moved");
    assert_eq!(server.asked()[0].header("authorization"), "Bearer hunter2");
    assert!(!other.asked()[0].headers.values().any(|value| value.contains("hunter2")));
    assert!(!heard.lock().unwrap().concat().contains("hunter2"));
}

#[test]
fn a_circle_of_redirects_ends() {
    let server = Server::start(|_| Reply::status(301).header("location", "/x"));
    assert!(get(&server, limits()).unwrap_err().contains("again and again"));
}

#[test]
fn plain_http_stays_on_this_machine() {
    let server = Server::start(|_| Reply::status(302).header("location", "http://example.com/"));
    assert!(get(&server, limits()).unwrap_err().contains("is not HTTPS"));
    let usable = |text: &str| endpoint::parse(text).is_ok();
    assert!(usable("https://api.soracom.io") && usable("http://127.0.0.1:4010") && usable("http://[::1]:4010"));
    assert!(usable("http://localhost:1"));
    for text in ["http://api.soracom.io", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "https://a:b@c", "x", ""] {
        assert!(!usable(text), "{text}");
    }
}

#[test]
fn what_is_said_holds_no_secret() {
    let server = Server::start(|_| Reply::status(403));
    let (environment, heard) = environment(&[]);
    let url = Url::parse(&format!("{}/file?X-Amz-Signature=hunter2", server.url())).unwrap();
    let client = Client::new(&url, &environment, limits()).unwrap();
    let request = Request::get(url).secret_query().header("x-soracom-token", "hunter2").body("text/plain", "hunter2");
    let told = client.send(&request).unwrap().unexpected().render(false);
    let heard: BTreeMap<usize, String> = heard.lock().unwrap().iter().cloned().enumerate().collect();
    assert_eq!(heard.len(), 1);
    assert!(heard[&0].starts_with("GET http://127.0.0.1:") && heard[&0].contains("/file → 403"), "{heard:?}");
    assert!(!told.contains("hunter2") && !format!("{request:?}{heard:?}{client:?}").contains("hunter2"));
}
