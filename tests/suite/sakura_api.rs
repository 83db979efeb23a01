//! SAKURA Cloud's API, played on loopback: from a fetch to the invoice, and everything that can go wrong on the way.

use chrono::{DateTime, Utc};

use crate::common::Sandbox;
use crate::http_client::{environment, waits};
use crate::http_server::{Asked, Reply, Server};
use crate::sakura_cloud::{Cloud, PASSWORD, SECRET, TOKEN, refusal};
use invoicer::environment::Environment;
use invoicer::sources::fetch::{FetchRequest, Fetched, fetch};

pub(crate) const KEYS: [(&str, &str); 2] = [("SAKURA_ACCESS_TOKEN", TOKEN), ("SAKURA_ACCESS_TOKEN_SECRET", SECRET)];
pub(crate) const CSV: &str = "/cloud/zone/is1a/api/system/1.0/billdetail/abc00001/13481639/csv";
const DETAILS: &str = "/cloud/zone/is1a/api/system/1.0/billdetail/abc00001/13481639";
const BILLS: &str = "/cloud/zone/is1a/api/system/1.0/bill/by-contract/000000526782";
const SWITCHES: &str = "/cloud/zone/tk1a/api/cloud/1.1/switch";

pub(crate) fn workspace(server: &Server) -> Sandbox {
    let sandbox = Sandbox::new();
    configure(&sandbox, server);
    for customer in ["acme", "bravo", "charlie"] {
        let text = format!("name = \"{customer}\"\n[[match]]\ntag = {{ customer = \"{customer}\" }}\n");
        sandbox.write(&format!("customers/{customer}.toml"), text);
    }
    sandbox
}

fn configure(sandbox: &Sandbox, server: &Server) {
    sandbox.write(
        "invoicer.toml",
        format!(
            "[issuer]\nname = \"見本通信株式会社\"\n[pricing]\nmarkup = \"10%\"\n\
             [[source]]\nname = \"sakura\"\nkind = \"sakura-api\"\nendpoint = \"{}\"\n",
            server.url()
        ),
    );
}

/// Fetches in this process, where waiting takes no time and it is 10 September 2022.
pub(crate) fn fetched(sandbox: &Sandbox, month: &str, keys: &[(&str, &str)]) -> Result<Fetched, String> {
    let workspace = invoicer::workspace::load(sandbox.path()).unwrap();
    let (mut environment, heard) = environment(keys);
    environment.home = Some(sandbox.path().join("home"));
    let wish = FetchRequest {
        root: sandbox.path(),
        month: month.parse().unwrap(),
        draft: false,
        force: false,
        accept: None,
        environment: &environment,
    };
    let result = fetch(wish, &workspace.settings.sources[0]).map_err(|diagnostic| diagnostic.render(false));
    let told = format!("{:?} {:?}", heard.lock().unwrap(), result.as_ref().err());
    for (path, bytes) in sandbox.files().into_iter().filter(|(path, _)| !path.starts_with("home")) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for secret in [TOKEN, SECRET, PASSWORD] {
            assert!(!text.contains(secret), "a secret was written to {path}");
            assert!(!told.contains(secret), "a secret was told: {told}");
        }
    }
    result
}

/// Fetching August is refused, says that, and leaves nothing.
fn assert_refused(server: &Server, expected: &str) {
    let sandbox = workspace(server);
    let told = fetched(&sandbox, "202208", &KEYS).unwrap_err();
    assert!(told.contains(expected), "expected {expected}, found {told}");
    assert!(!sandbox.path().join("billing").exists(), "{:?}", sandbox.files());
}

/// Instead of the right reply at that path, the first time or always.
fn instead(path: &'static str, reply: impl Fn(&Reply) -> Reply + Send + Sync + 'static, always: bool) -> Server {
    Cloud::new().serve(move |asked: &Asked, right: &Reply| {
        (asked.path == path && (always || asked.times == 0)).then(|| reply(right))
    })
}

/// August's bill is what it should be: the deleted server is known from July.
fn assert_right(sandbox: &Sandbox) {
    let run = sandbox.run_with(&["build", "202208", "--offline"], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let total = |customer: &str| {
        let invoice = sandbox.json(&format!("out/202208/{customer}/INV-202208-{customer}.json"));
        invoice["total"].as_str().unwrap().to_owned()
    };
    // acme (1500 + 400) × 1.1 = 1650 + 440 = 2090, tax 209. bravo 500 × 1.1 = 550, 2000 × 1.1 = 2200: 2750, tax 275.
    // charlie 1300 × 1.1 = 1430, tax 143.
    assert_eq!([total("acme"), total("bravo"), total("charlie")], ["2299", "3025", "1573"]);
    // 5700 and 570 of tax, as the bill itself says.
    let source = &sandbox.json("out/202208/summary.json")["sources"][0];
    assert_eq!((&source["provider_total"], &source["difference"]), (&"6270".into(), &"0".into()));
    let compared = sandbox.run(&["reconcile", "202208"]);
    assert_eq!(compared.code, 0, "{}{}", compared.stdout, compared.stderr);
}

#[test]
fn from_the_api_to_the_invoice() {
    let sandbox = workspace(&Cloud::in_july().serve(|_, _| None));
    let july = Cloud::in_july().serve(|_, _| None);
    configure(&sandbox, &july);
    fetched(&sandbox, "202207", &KEYS).unwrap();
    let august = Cloud::new().serve(|_, _| None);
    configure(&sandbox, &august);
    let run = sandbox.run_with(&["build", "202208"], &KEYS);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_right(&sandbox);
    assert!(sandbox.path().join("out/202208/bravo/INV-202208-bravo.pdf").is_file());
    // What was asked for is the bill of the month of use, not of the month before or after.
    let kept: Vec<String> = sandbox.files().into_iter().map(|(path, _)| path).collect();
    let bills: Vec<&String> = kept.iter().filter(|path| path.starts_with("billing/202208/sakura/bill-")).collect();
    assert_eq!(bills, ["billing/202208/sakura/bill-13481639.csv.json", "billing/202208/sakura/bill-13481639.json"]);
    let switches = kept.iter().filter(|path| path.contains("202208/sakura/resources-switch-tk1a-")).count();
    assert_eq!(switches, 2, "101 switches are two pages");
    // July's list named the deleted server, so it is an input too.
    let manifest = String::from_utf8(sandbox.read("out/202208/manifest.json")).unwrap();
    assert!(manifest.contains("billing/202207/sakura/resources-server-is1b-0000.json"), "{manifest}");
    assert!(!kept.iter().any(|path| path.contains("tk1v")), "the zone for trying things is not billed");
}

#[test]
fn without_july_nobody_knows_the_deleted_server() {
    let server = Cloud::new().serve(|_, _| None);
    let sandbox = workspace(&server);
    let run = sandbox.run_with(&["build", "202208"], &KEYS);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("charge matches no customer"), "{}", run.stderr);
    assert!(run.stderr.contains("--> billing/202208/sakura/bill-13481639.csv.json:3"), "{}", run.stderr);
    assert!(run.stderr.contains("3 | \"2\",\"013481639\",\"2022/08\""), "{}", run.stderr);
    assert!(run.stderr.contains("resource \"112700600001\""), "{}", run.stderr);
}

/// A workspace where July was fetched before its server was deleted.
fn after_july() -> Sandbox {
    let july = Cloud::in_july().serve(|_, _| None);
    let sandbox = workspace(&july);
    fetched(&sandbox, "202207", &KEYS).unwrap();
    sandbox
}

fn assert_survived(server: &Server) {
    let sandbox = after_july();
    configure(&sandbox, server);
    fetched(&sandbox, "202208", &KEYS).unwrap();
    assert_right(&sandbox);
}

#[test]
fn ids_and_amounts_may_be_numbers() {
    let server = Cloud { numbers: true, ..Cloud::new() }.serve(|_, _| None);
    let sandbox = after_july();
    configure(&sandbox, &server);
    // Where the account's id is a number, its path has no zeros before it.
    fetched(&sandbox, "202208", &KEYS).unwrap();
    assert_right(&sandbox);
}

#[test]
fn the_newer_way_to_find_the_account() {
    assert_survived(&Cloud { auth_status: false, ..Cloud::new() }.serve(|_, _| None));
}

#[test]
fn busy_servers_and_cut_connections_are_survived() {
    let server = Cloud::new().serve(|asked, right| match (asked.path.as_str(), asked.times) {
        (BILLS, 0) => Some(refusal(503, "503 ServiceUnavailable", "busy", "混雑しています。")),
        (CSV, 0) => Some(refusal(423, "423 Locked", "still_creating", "処理中です。").header("retry-after", "3")),
        (CSV, 1) => Some(right.clone().cut()),
        (DETAILS, 0) => Some(Reply::closed()),
        (SWITCHES, 1) => Some(Reply::status(503)),
        _ => None,
    });
    assert_survived(&server);
    assert_eq!(waits(), [1000, 3000, 2000, 1000, 1000]);
    assert_eq!(server.count("GET", CSV), 3);
}

#[test]
fn a_bill_that_stays_locked_is_refused_whole() {
    let server = instead(CSV, |_| refusal(423, "423 Locked", "still_creating", "処理中です。"), true);
    assert_refused(&server, "status 423");
}

#[test]
fn a_key_that_is_no_more_is_told_as_such() {
    let expired = || refusal(401, "401 Unauthorized", "unauthorized", "認証に失敗しました。");
    let server = instead(DETAILS, move |_| expired(), true);
    assert_refused(&server, "does not accept the access token");
    let server = Cloud::new().serve(|_, _| None);
    let sandbox = workspace(&server);
    let wrong = [("SAKURA_ACCESS_TOKEN", TOKEN), ("SAKURA_ACCESS_TOKEN_SECRET", "wrong")];
    assert!(fetched(&sandbox, "202208", &wrong).unwrap_err().contains("does not accept the access token"));
}

#[test]
fn a_key_that_may_not_see_bills() {
    let server = Cloud { permission: "eventlog+cdn", ..Cloud::new() }.serve(|_, _| None);
    assert_refused(&server, "the API key may not see bills");
    assert_eq!(server.count("GET", BILLS), 0);
}

#[test]
fn a_page_of_html_is_refused() {
    for path in [BILLS, CSV, DETAILS, SWITCHES] {
        let page = "<!DOCTYPE html><html><body>メンテナンス中</body></html>";
        let server = instead(path, move |_| Reply::text(page).header("content-type", "text/html"), true);
        assert_refused(&server, "the answer is not the JSON expected");
    }
}

#[test]
fn an_error_with_status_200_is_refused() {
    let server = instead(BILLS, |_| refusal(200, "500 InternalServerError", "unknown", "エラーです。"), true);
    assert_refused(&server, "エラーです。");
}

/// The CSV's answer with another body.
pub(crate) fn with_body(reply: &Reply, change: impl Fn(&str) -> String) -> Reply {
    let mut answer: serde_json::Value = serde_json::from_slice(reply.bytes()).unwrap();
    answer["Body"] = change(answer["Body"].as_str().unwrap()).into();
    reply.clone().body(answer.to_string())
}

#[test]
fn a_csv_that_is_cut_off_is_refused() {
    let inside = instead(CSV, |right| with_body(right, |csv| csv[..csv.len() - 6].to_owned()), true);
    assert_refused(&inside, "the row is cut off");
    let rows =
        instead(CSV, |right| with_body(right, |csv| csv.lines().take(5).collect::<Vec<&str>>().join("\r\n")), true);
    assert_refused(&rows, "has no row of 113300000101, which its details charge");
    let json = instead(CSV, |right| right.clone().body(right.bytes()[..200].to_vec()), true);
    assert_refused(&json, "the answer is not the JSON expected");
}

#[test]
fn a_bill_of_two_months_is_refused() {
    let server = instead(CSV, |right| with_body(right, |csv| csv.replacen("2022/08", "2022/07", 1)), true);
    assert_refused(&server, "the row is of another month: expected 2022/08, found 2022/07");
}

#[test]
fn details_that_are_cut_off_are_refused() {
    let server = instead(
        DETAILS,
        |right| {
            let mut answer: serde_json::Value = serde_json::from_slice(right.bytes()).unwrap();
            answer["BillDetails"].as_array_mut().unwrap().pop();
            right.clone().body(answer.to_string())
        },
        true,
    );
    assert_refused(&server, "the list of details is cut off after 4 rows");
}

#[test]
fn a_page_that_repeats_is_refused() {
    let first = std::sync::Mutex::new(None);
    let server = Cloud::new().serve(move |asked, right| {
        let mut first = first.lock().unwrap();
        (asked.path == SWITCHES).then(|| first.get_or_insert_with(|| right.clone()).clone())
    });
    assert_refused(&server, "sends a page of /switch of tk1a twice");
}

#[test]
fn settings_are_not_kept_even_when_they_are_sent() {
    let server = Cloud::new().serve(|asked, _| {
        let row = r#"{"ID":"112700654738","Name":"disk","Tags":["customer=acme"],"Settings":{"UserPassword":"Pa55w0rdOfADatabase"}}"#;
        let page = format!(r#"{{"From":0,"Count":1,"Total":1,"Disks":[{row}],"is_ok":true}}"#);
        (asked.path == "/cloud/zone/is1b/api/cloud/1.1/disk").then(|| Reply::json(page))
    });
    assert_survived(&server);
}

#[test]
fn a_month_without_a_bill() {
    let server = Cloud { bills: Vec::new(), ..Cloud::new() }.serve(|_, _| None);
    assert_refused(&server, "SAKURA Cloud has no bill with charges of 202208");
}

#[test]
fn a_month_is_final_from_the_second_of_the_next() {
    let server = Cloud::new().serve(|_, _| None);
    let sandbox = workspace(&server);
    let workspace = invoicer::workspace::load(sandbox.path()).unwrap();
    let at = |now: fn() -> DateTime<Utc>, draft: bool| {
        let environment = Environment { now, ..environment(&KEYS).0 };
        let month = "202208".parse().unwrap();
        let wish =
            FetchRequest { root: sandbox.path(), month, draft, force: true, accept: None, environment: &environment };
        fetch(wish, &workspace.settings.sources[0]).map_err(|diagnostic| diagnostic.render(false))
    };
    // 23:59 of 31 August and of 1 September in Japan, and a minute later.
    let eve = || DateTime::<Utc>::from_timestamp(1_661_957_940, 0).unwrap();
    let first = || DateTime::<Utc>::from_timestamp(1_662_044_340, 0).unwrap();
    let second = || DateTime::<Utc>::from_timestamp(1_662_044_400, 0).unwrap();
    assert!(at(eve, false).unwrap_err().contains("the month 202208 is not over yet"));
    let today = at(first, false).unwrap_err();
    assert!(today.contains("makes the final bill of 202208 today"), "{today}");
    assert!(today.contains("fetch it from 2022-09-02 on"), "{today}");
    assert!(at(first, true).is_ok());
    let provenance = |sandbox: &Sandbox| sandbox.json("billing/202208/sakura/provenance.json")["final"].clone();
    assert_eq!(provenance(&sandbox), false);
    let run = sandbox.run(&["build", "202208", "--offline"]);
    assert!(run.stderr.contains("was fetched before the month was closed"), "{}", run.stderr);
    assert!(at(second, false).is_ok());
    assert_eq!(provenance(&sandbox), true);
}

#[test]
fn reconcile_asks_again_and_tells_what_changed() {
    let sandbox = after_july();
    let server = Cloud::new().serve(|_, _| None);
    configure(&sandbox, &server);
    fetched(&sandbox, "202208", &KEYS).unwrap();
    let same = sandbox.run_with(&["reconcile", "202208", "--fetch"], &KEYS);
    assert_eq!(same.code, 0, "{}{}", same.stdout, same.stderr);
    let mut changed = Cloud::new();
    changed.bills[1].rows[2].7 = 440;
    let server = changed.serve(|_, _| None);
    configure(&sandbox, &server);
    let before = sandbox.files();
    let drifted = sandbox.run_with(&["reconcile", "202208", "--fetch"], &KEYS);
    assert_eq!(drifted.code, 1, "{}{}", drifted.stdout, drifted.stderr);
    assert!(drifted.stderr.contains("202208 112700654738 ディスク/SSD 20GB: 400 → 440"), "{}", drifted.stderr);
    let fetched: Vec<_> = sandbox.files().into_iter().filter(|(path, _)| !path.ends_with("drift.json")).collect();
    assert_eq!(fetched, before, "what was fetched stays as it was");
}

#[test]
fn status_tells_the_months_of_use() {
    let server = Cloud::new().serve(|_, _| None);
    let sandbox = workspace(&server);
    fetched(&sandbox, "202208", &KEYS).unwrap();
    let run = sandbox.run_with(&["status", "--json"], &KEYS);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let rows: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let row =
        |row: &serde_json::Value| ["month", "state", "amount", "here"].map(|key| row[key].as_str().unwrap().to_owned());
    let rows: Vec<[String; 4]> = rows.as_array().unwrap().iter().map(row).collect();
    // September 150 + 15, August 5700 + 570, July 1500 + 150.
    let expected = [
        ["202209", "closed", "165", "no"],
        ["202208", "closed", "6270", "fetched"],
        ["202207", "closed", "1650", "no"],
    ];
    assert_eq!(rows, expected.map(|row| row.map(str::to_owned)));
}

fn profile(sandbox: &Sandbox, name: &str, text: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let path = format!("home/.usacloud/{name}/config.json");
    sandbox.write(&path, text);
    std::fs::set_permissions(sandbox.path().join(path), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn credentials_come_from_the_environment_or_a_profile_of_usacloud() {
    let server = Cloud::new().serve(|_, _| None);
    let good = format!(r#"{{"AccessToken":"{TOKEN}","AccessTokenSecret":"{SECRET}","Zone":"tk1a"}}"#);
    let fetch_with = |prepare: &dyn Fn(&Sandbox), keys: &[(&str, &str)]| {
        let sandbox = workspace(&server);
        prepare(&sandbox);
        fetched(&sandbox, "202208", keys)
    };
    let nothing: &dyn Fn(&Sandbox) = &|_| {};
    let old = [("SAKURACLOUD_ACCESS_TOKEN", TOKEN), ("SAKURACLOUD_ACCESS_TOKEN_SECRET", SECRET)];
    fetch_with(nothing, &old).unwrap();
    assert!(fetch_with(nothing, &KEYS[..1]).unwrap_err().contains("only one of SAKURA_ACCESS_TOKEN and"));
    assert!(fetch_with(nothing, &[]).unwrap_err().contains("no credentials for the source \"sakura\""));
    fetch_with(&|sandbox| profile(sandbox, "default", &good, 0o600), &[]).unwrap();
    let current: &dyn Fn(&Sandbox) = &|sandbox| {
        profile(sandbox, "shop", &good, 0o600);
        sandbox.write("home/.usacloud/current", "shop\n");
    };
    fetch_with(current, &[]).unwrap();
    fetch_with(current, &[("USACLOUD_PROFILE", "shop")]).unwrap();
    assert!(fetch_with(current, &[("SAKURA_PROFILE", "other")]).unwrap_err().contains("there is no profile \"other\""));
    // A profile in the settings is meant, whatever the environment says.
    let named: &dyn Fn(&Sandbox) = &|sandbox| {
        profile(sandbox, "shop", &good, 0o600);
        let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
        sandbox.write("invoicer.toml", text + "profile = \"shop\"\n");
    };
    fetch_with(named, &[("SAKURA_ACCESS_TOKEN", "wrong"), ("SAKURA_ACCESS_TOKEN_SECRET", "wrong")]).unwrap();
    let open: &dyn Fn(&Sandbox) = &|sandbox| profile(sandbox, "default", &good, 0o644);
    assert!(fetch_with(open, &[]).unwrap_err().contains("other users of this machine can read the credentials"));
    let broken: &dyn Fn(&Sandbox) = &|sandbox| profile(sandbox, "default", &good[..good.len() - 1], 0o600);
    assert!(fetch_with(broken, &[]).unwrap_err().contains("the profile \"default\" is not what usacloud writes"));
    let empty: &dyn Fn(&Sandbox) = &|sandbox| profile(sandbox, "default", "{}", 0o600);
    assert!(fetch_with(empty, &[]).unwrap_err().contains("holds no access token"));
}

/// The fake is not only our own idea of SAKURA Cloud: the provider's client understands it. `.ci/run` installs it.
#[test]
#[ignore = "needs the provider's client: python3 -m pip install -r tests/sakura/requirements.txt"]
fn the_providers_own_client_understands_the_fake() {
    let server = Cloud::new().serve(|_, _| None);
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sakura/saklient_lists.py");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = std::process::Command::new(python).arg(script).args([&server.url(), TOKEN, SECRET]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = serde_json::json!({
        "servers of is1b": [["112700654736", "web", ["customer=acme", "prod"]]],
        "servers of tk1a": [["112700700002", "app", ["customer=charlie"]]],
        "disks tagged customer=acme": [["112700654738", "disk", ["customer=acme"]]],
        "disks tagged prod": [],
        "switches on page 1": 100,
        "switches on page 2": [["113300000101", "switch-101", ["customer=bravo"]]],
        "switches in all": 101,
        "with a wrong secret": [401, "unauthorized"],
    });
    assert_eq!(found, expected);
}
