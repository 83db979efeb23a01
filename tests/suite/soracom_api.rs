//! SORACOM's API, played on loopback: from a fetch to the invoice, and everything that can go wrong on the way.

use crate::common::Sandbox;
use crate::http_client::{environment, waits};
use crate::http_server::{Asked, Reply, Server};
use invoicer::sources::fetch::{FetchRequest, Fetched, fetch};

pub(crate) const CSV: &str = "\u{feff}imsi,date,billItemName,unitPrice,quantity,amount,groupId\n\
    440100000000001,20220801,basicCharge,10,31,310,g-1\n\
    440100000000002,20220801,basicCharge,10,15.5,155,g-2\n\
    ,202208,freeTierBasic,,,-46.5,\n";
/// 310 + 155 − 46.5 = 418.5, with 10 % tax 460.35, rounded up.
pub(crate) const BILL: &str = r#"{"amount":461,"currency":"JPY","state":"closed","yearMonth":"202208"}"#;
pub(crate) const KEYS: [(&str, &str); 2] =
    [("SORACOM_AUTH_KEY_ID", "keyId-hunter1"), ("SORACOM_AUTH_KEY", "secret-hunter2")];

/// SORACOM as it usually is. `GET /download` is the presigned URL.
pub(crate) fn usual(asked: &Asked, host: &str) -> Reply {
    if asked.path == "/download" {
        let is_bare = asked.headers.keys().all(|name| !name.starts_with("x-soracom") && name != "authorization");
        return if is_bare { Reply::text(CSV) } else { Reply::status(400) };
    }
    if asked.path == "/v1/auth" {
        let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let known = body["authKeyId"] == "keyId-hunter1" && body["authKey"] == "secret-hunter2";
        return match known {
            true => Reply::json(r#"{"apiKey":"api-hunter3","operatorId":"OP0012345678","token":"token-hunter4"}"#),
            false => Reply::json(r#"{"code":"AUM0007","message":"Invalid key"}"#).with_status(401),
        };
    }
    if asked.header("x-soracom-api-key") != "api-hunter3" || asked.header("x-soracom-token") != "token-hunter4" {
        return Reply::json(r#"{"code":"AUM0001","message":"Token is required"}"#).with_status(401);
    }
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/v1/bills/202208") => Reply::json(BILL),
        ("POST", "/v1/bills/202208/export") => {
            Reply::json(format!(r#"{{"url":"{host}/download?X-Amz-Signature=hunter5"}}"#))
        }
        ("GET", "/v1/bills") => Reply::json(format!(r#"{{"billList":[{BILL}]}}"#)),
        ("GET", "/v1/bills/202208/daily") => {
            Reply::json(r#"{"billList":[{"amount":465,"currency":"JPY","date":"20220801"}]}"#)
        }
        ("GET", "/v1/sims") => match asked.value("last_evaluated_key") {
            None => Reply::json(
                r#"[{"simId":"8981100000000000001","groupId":"g-1","tags":{"name":"meter-1","customer":"acme"},
                "profiles":{"8981":{"primaryImsi":"440100000000001","subscribers":{"440100000000001":{}}}}}]"#,
            )
            .header("x-soracom-next-key", "8981100000000000001"),
            Some("8981100000000000001") => Reply::json(
                r#"[{"simId":"8981100000000000002","groupId":"g-2","tags":{"name":"","customer":"bravo"},
                "profiles":{"8982":{"subscribers":{"440100000000002":{}}}}}]"#,
            ),
            Some(_) => Reply::status(400),
        },
        ("GET", "/v1/groups") => Reply::json(
            r#"[{"groupId":"g-1","tags":{"name":"acme-field"}},{"groupId":"g-2","tags":{"name":"bravo-field"}}]"#,
        ),
        _ => Reply::status(404),
    }
}

/// A server that plays SORACOM but where `instead` says otherwise.
pub(crate) fn soracom(instead: impl Fn(&Asked, &str) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::start(move |asked| {
        let host = format!("http://{}", asked.header("host"));
        instead(asked, &host).unwrap_or_else(|| usual(asked, &host))
    })
}

pub(crate) fn workspace(server: &Server) -> Sandbox {
    workspace_at(&server.url())
}

pub(crate) fn workspace_at(endpoint: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        format!(
            "[issuer]\nname = \"見本通信株式会社\"\n[invoice]\ndetails = \"rows\"\n[pricing]\nmarkup = \"0%\"\n\
             [[source]]\nname = \"soracom\"\nkind = \"soracom-api\"\nendpoint = \"{endpoint}\"\n"
        ),
    );
    // One customer by a tag that only the list of SIMs has, the other by a group's name.
    sandbox.write("customers/acme.toml", "name = \"アクメ株式会社\"\n[[match]]\ntag = { customer = \"acme\" }\n");
    sandbox.write("customers/bravo.toml", "name = \"ブラボー株式会社\"\n[[match]]\ngroup = \"bravo-*\"\n");
    sandbox
}

/// Fetches in this process, where waiting takes no time.
pub(crate) fn fetched(sandbox: &Sandbox, draft: bool) -> Result<Fetched, String> {
    accepted(sandbox, draft, None)
}

/// Likewise, whatever the rows add up to where there is a reason.
fn accepted(sandbox: &Sandbox, draft: bool, accept: Option<&str>) -> Result<Fetched, String> {
    let workspace = invoicer::workspace::load(sandbox.path()).unwrap();
    let (environment, heard) = environment(&KEYS);
    let month = "202208".parse().unwrap();
    let wish = FetchRequest { root: sandbox.path(), month, draft, force: false, accept, environment: &environment };
    let result = fetch(wish, &workspace.settings.sources[0]).map_err(|diagnostic| diagnostic.render(false));
    let told = format!("{:?} {:?}", heard.lock().unwrap(), result.as_ref().err());
    assert!(!told.contains("hunter"), "a secret was told: {told}");
    for (path, bytes) in sandbox.files() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("hunter"), "a secret was written to {path}");
    }
    result
}

/// Fetching is refused, says that, and leaves nothing.
fn assert_refused(server: &Server, expected: &str) {
    let sandbox = workspace(server);
    let told = fetched(&sandbox, false).unwrap_err();
    assert!(told.contains(expected), "expected {expected}, found {told}");
    assert!(!sandbox.path().join("billing").exists(), "{:?}", sandbox.files());
}

#[test]
fn from_the_api_to_the_invoice() {
    let server = soracom(|_, _| None);
    let sandbox = workspace(&server);
    let run = sandbox.run_with(&["build", "202208"], &KEYS);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let acme = sandbox.json("out/202208/acme/INV-202208-acme.json");
    // −46.5 by amount over 310 and 155: −31 and −15.5. 310 − 31 = 279, tax 27.9 → 28; 155 − 16 = 139, tax 13.9 → 14.
    assert_eq!((&acme["subtotal"], &acme["total"]), (&"279".into(), &"307".into()));
    let details = acme["details"].as_array().unwrap();
    let meter = details.iter().find(|detail| detail["resource"] == "440100000000001").unwrap();
    assert_eq!(meter["resource_name"], "meter-1");
    let bravo = sandbox.json("out/202208/bravo/INV-202208-bravo.json");
    assert_eq!((&bravo["subtotal"], &bravo["total"]), (&"139".into(), &"153".into()));
    let summary = sandbox.json("out/202208/summary.json");
    assert_eq!(
        (&summary["sources"][0]["provider_total"], &summary["sources"][0]["difference"]),
        (&"461".into(), &"0".into())
    );
    assert_eq!(sandbox.read("billing/202208/soracom/export.csv"), CSV.as_bytes());
    assert!(sandbox.path().join("out/202208/acme/INV-202208-acme.pdf").is_file());
    let asked = server.asked().len();
    // A second build needs no network, nor keys.
    let again = sandbox.run_with(&["build", "202208"], &[]);
    assert_eq!((again.code, server.asked().len()), (0, asked), "{}", again.stderr);
}

#[test]
fn provenance_says_where_each_file_comes_from() {
    let server = soracom(|_, _| None);
    let sandbox = workspace(&server);
    fetched(&sandbox, false).unwrap();
    let provenance = sandbox.json("billing/202208/soracom/provenance.json");
    assert_eq!(provenance["final"], true);
    assert_eq!(provenance["fetched_at"], "2022-09-10T08:53:20Z");
    let files = provenance["files"].as_array().unwrap();
    let file = |name: &str| files.iter().find(|file| file["path"] == name).unwrap();
    // Without the query, which is a key to the file.
    assert_eq!(file("export.csv")["url"], format!("{}/download", server.url()));
    assert_eq!(file("bill.json")["url"], format!("{}/v1/bills/202208", server.url()));
    // sha256sum of BILL.
    let bill = invoicer::staging::hash(BILL.as_bytes());
    assert_eq!(file("bill.json")["sha256"], bill);
    let names: Vec<&str> = files.iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["bill.json", "export.csv", "bills.json", "daily.json", "sims-0000.json", "sims-0001.json", "groups-0000.json"]
    );
}

#[test]
fn a_file_changed_afterwards_is_told_by_build() {
    let server = soracom(|_, _| None);
    let sandbox = workspace(&server);
    fetched(&sandbox, false).unwrap();
    sandbox.write("billing/202208/soracom/export.csv", CSV.replace("310", "410"));
    let run = sandbox.run(&["build", "202208", "--offline"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("changed after it was fetched"), "{}", run.stderr);
    assert!(run.stderr.contains("billing/202208/soracom/export.csv"), "{}", run.stderr);
    assert!(!sandbox.path().join("out").exists());
}

#[test]
fn offline_never_asks() {
    let server = soracom(|_, _| None);
    let sandbox = workspace(&server);
    let run = sandbox.run_with(&["build", "202208", "--offline"], &KEYS);
    assert_eq!((run.code, server.asked().len()), (1, 0));
    assert!(run.stderr.contains("run invoicer fetch 202208"), "{}", run.stderr);
}

#[test]
fn asks_again_only_with_force() {
    let server = soracom(|_, _| None);
    let sandbox = workspace(&server);
    let first = sandbox.run_with(&["fetch", "202208"], &KEYS);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(first.stdout.lines().any(|line| line == "billing/202208/soracom/export.csv"), "{}", first.stdout);
    let asked = server.asked().len();
    let second = sandbox.run_with(&["fetch", "202208"], &KEYS);
    assert_eq!((second.code, second.stdout.as_str(), server.asked().len()), (0, "", asked));
    assert_eq!(sandbox.run_with(&["fetch", "202208", "--force"], &KEYS).code, 0);
    assert!(server.asked().len() > asked);
}

#[test]
fn a_large_bill_is_polled() {
    let server = soracom(|asked, host| match (asked.method.as_str(), asked.path.as_str(), asked.query.as_str()) {
        ("POST", "/v1/bills/202208/export", "export_mode=sync") => Some(Reply::status(504)),
        ("POST", "/v1/bills/202208/export", "export_mode=async") => {
            Some(Reply::json(r#"{"exportedFileId":"fe_1-2","exportedFilePath":"//files/exported/fe_1-2"}"#))
        }
        ("GET", "/v1/files/exported/fe_1-2", _) => Some(Reply::json(match asked.times {
            0 | 1 => r#"{"status":"processing"}"#.to_owned(),
            _ => format!(r#"{{"status":"exported","url":"{host}/download?signature=hunter5"}}"#),
        })),
        _ => None,
    });
    let sandbox = workspace(&server);
    fetched(&sandbox, false).unwrap();
    assert_eq!(sandbox.read("billing/202208/soracom/export.csv"), CSV.as_bytes());
    // One wait between the two tries at once, then one and two seconds between looks.
    assert_eq!(waits(), [1000, 1000, 2000]);
}

#[test]
fn an_export_that_fails_is_refused_whole() {
    let server = soracom(|asked, _| match (asked.path.as_str(), asked.query.as_str()) {
        ("/v1/bills/202208/export", _) => Some(Reply::json(r#"{"exportedFileId":"fe_1"}"#)),
        ("/v1/files/exported/fe_1", _) => Some(Reply::json(r#"{"status":"failed"}"#)),
        _ => None,
    });
    assert_refused(&server, "could not export");
}

#[test]
fn limits_errors_and_cut_connections_are_survived() {
    let server = soracom(|asked, _| match (asked.path.as_str(), asked.times) {
        ("/v1/auth", 0) => Some(Reply::status(429).header("retry-after", "2")),
        ("/v1/bills/202208", 0) => Some(Reply::status(429).header("x-soracom-ratelimit-seconds-before-refresh", "41")),
        ("/v1/groups", 0) => Some(Reply::status(500)),
        ("/v1/bills", 0) => Some(Reply::closed()),
        ("/download", 0) => Some(Reply::text(CSV).cut()),
        _ => None,
    });
    let sandbox = workspace(&server);
    fetched(&sandbox, false).unwrap();
    assert_eq!(sandbox.read("billing/202208/soracom/export.csv"), CSV.as_bytes());
    assert_eq!(waits(), [2000, 41_000, 1000, 1000, 1000]);
}

#[test]
fn a_token_that_runs_out_is_renewed_once() {
    let server = soracom(|asked, _| {
        let ran_out = asked.path == "/v1/sims" && asked.times == 0;
        ran_out.then(|| Reply::json(r#"{"code":"AUM0002","message":"expired"}"#).with_status(401))
    });
    let sandbox = workspace(&server);
    fetched(&sandbox, false).unwrap();
    assert_eq!(server.count("POST", "/v1/auth"), 2);
    let never = soracom(|asked, _| (asked.path == "/v1/sims").then(|| Reply::status(401)));
    assert_refused(&never, "status 401");
}

#[test]
fn wrong_keys_are_told_as_such() {
    let server = soracom(|asked, _| (asked.path == "/v1/auth").then(|| Reply::status(401)));
    assert_refused(&server, "does not accept the credentials");
}

#[test]
fn a_second_page_that_fails_or_repeats_is_refused_whole() {
    let second = |asked: &Asked| asked.path == "/v1/sims" && asked.value("last_evaluated_key").is_some();
    let failing = soracom(move |asked, _| second(asked).then(|| Reply::status(500)));
    assert_refused(&failing, "status 500");
    let first = r#"[{"simId":"1","tags":{"name":"a"}}]"#;
    let repeating = soracom(move |asked, _| {
        (asked.path == "/v1/sims").then(|| Reply::json(first).header("x-soracom-next-key", format!("k{}", asked.times)))
    });
    assert_refused(&repeating, "twice");
    let circling = soracom(move |asked, _| {
        let body = format!(r#"[{{"simId":"{}"}}]"#, asked.times);
        (asked.path == "/v1/sims").then(|| Reply::json(body).header("x-soracom-next-key", "same"))
    });
    assert_refused(&circling, "leads back to a page that was received already");
    let alternating = soracom(move |asked, _| {
        let body = format!(r#"[{{"simId":"{}"}}]"#, asked.times);
        let key = ["one", "other"][asked.times % 2];
        (asked.path == "/v1/sims").then(|| Reply::json(body).header("x-soracom-next-key", key))
    });
    assert_refused(&alternating, "SORACOM's listing /sims leads back to a page that was received already");
    assert_eq!(alternating.count("GET", "/v1/sims"), 3);
}

#[test]
fn the_next_page_may_be_told_by_a_link_alone() {
    let server = soracom(|asked, _| match (asked.path.as_str(), asked.value("last_evaluated_key")) {
        ("/v1/sims", None) => Some(
            Reply::json(r#"[{"simId":"1"}]"#).header("link", "</v1/sims?limit=100&last_evaluated_key=a%2Fb>; rel=next"),
        ),
        ("/v1/sims", Some("a%2Fb")) => Some(Reply::json(r#"[{"simId":"2"}]"#)),
        _ => None,
    });
    let sandbox = workspace(&server);
    fetched(&sandbox, false).unwrap();
    assert_eq!(sandbox.read("billing/202208/soracom/sims-0001.json"), br#"[{"simId":"2"}]"#);
}

#[test]
fn what_is_not_a_bill_is_refused_whole() {
    let page = "<!DOCTYPE html><html><title>Sign in</title></html>";
    for (path, body) in [
        ("/v1/bills/202208", page),
        ("/v1/sims", page),
        ("/v1/bills/202208", r#"{"amount": "#),
        ("/v1/sims", r#"{"code":"X"}"#),
    ] {
        let server = soracom(move |asked, _| {
            (asked.path == path).then(|| Reply::text(body).header("content-type", "text/html"))
        });
        assert_refused(&server, "is not the JSON expected");
    }
    for (body, why) in [
        (page.to_owned(), "export.csv:1: the bill has no column date"),
        (String::new(), "export.csv: the file is empty"),
        (CSV[..CSV.len() - 8].to_owned(), "export.csv:4: expected 7 cells as in the header, found 5"),
        (CSV.replace("202208", "202207"), "export.csv:2: the row is of another month: expected 202208, found 20220701"),
    ] {
        let server = soracom(move |asked, _| (asked.path == "/download").then(|| Reply::text(body.clone())));
        assert_refused(&server, "the bill fetched from \"soracom\" cannot be used; nothing was kept");
        assert_refused(&server, why);
    }
    let gone = soracom(|asked, _| (asked.path == "/download").then(|| Reply::status(403)));
    assert_refused(&gone, "status 403");
    let elsewhere = soracom(|asked, _| {
        asked.path.ends_with("/export").then(|| Reply::json(r#"{"url":"http://bills.example.com/x?hunter5"}"#))
    });
    assert_refused(&elsewhere, "is not HTTPS");
}

#[test]
fn a_month_that_is_not_closed_is_for_drafts_only() {
    let open = || {
        soracom(|asked, _| (asked.path == "/v1/bills/202208").then(|| Reply::json(BILL.replace("closed", "temporary"))))
    };
    assert_refused(&open(), "usually closed it by 2022-09-05");
    let missing = soracom(|asked, _| (asked.path == "/v1/bills/202208").then(|| Reply::status(404)));
    assert_refused(&missing, "usually closed it by 2022-09-05");
    let server = open();
    let sandbox = workspace(&server);
    fetched(&sandbox, true).unwrap();
    assert_eq!(sandbox.json("billing/202208/soracom/provenance.json")["final"], false);
    let refused = sandbox.run(&["build", "202208", "--offline"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("before the month was closed"), "{}", refused.stderr);
    assert_eq!(sandbox.run(&["build", "202208", "--offline", "--draft"]).code, 0);
    // Without --draft, what is not final is asked for again.
    assert!(fetched(&sandbox, false).unwrap_err().contains("usually closed"));
    assert_eq!(sandbox.json("billing/202208/soracom/provenance.json")["final"], false);
}

#[test]
fn another_currency_is_told() {
    let server =
        soracom(|asked, _| (asked.path == "/v1/bills/202208").then(|| Reply::json(BILL.replace("JPY", "USD"))));
    assert_refused(&server, "currency = \"USD\"");
}

#[test]
fn keys_come_from_a_profile_that_only_its_owner_can_read() {
    let server = soracom(|_, _| None);
    let sandbox = workspace(&server);
    let toml = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", format!("{toml}profile = \"shop\"\n"));
    sandbox.write(
        "home/.soracom/shop.json",
        r#"{"coverageType":"jp","authKeyId":"keyId-hunter1","authKey":"secret-hunter2"}"#,
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = sandbox.path().join("home/.soracom/shop.json");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let run = sandbox.run(&["fetch", "202208"]);
        assert_eq!((run.code, server.asked().len()), (1, 0));
        assert!(run.stderr.contains("other users") && run.stderr.contains("chmod 600"), "{}", run.stderr);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let run = sandbox.run(&["-v", "fetch", "202208"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("GET http://127.0.0.1:") && run.stderr.contains("→ 200"), "{}", run.stderr);
    assert!(!run.stderr.contains("hunter"), "{}", run.stderr);
}

#[test]
fn a_profile_is_named_and_what_is_in_it_is_not_told() {
    let server = soracom(|_, _| None);
    let sandbox = workspace(&server);
    let toml = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    for name in [".", "..", "../soracom/shop", "a\\b"] {
        sandbox.write("invoicer.toml", format!("{toml}profile = {name:?}\n"));
        let run = sandbox.run(&["fetch", "202208"]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stderr.contains(&format!("{name:?} is no name of a profile")), "{name}: {}", run.stderr);
    }
    sandbox.write("invoicer.toml", format!("{toml}profile = \"shop\"\n"));
    sandbox.write("home/.soracom/shop.json", "{\"authKeyId\": \"keyId-hunter1\",\n\"authKey\": secret-hunter2}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = sandbox.path().join("home/.soracom/shop.json");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let run = sandbox.run(&["fetch", "202208"]);
    assert_eq!((run.code, server.asked().len()), (1, 0));
    assert!(run.stderr.contains("the profile \"shop\" is not what soracom-cli writes"), "{}", run.stderr);
    assert!(run.stderr.contains("shop.json:2") && !run.stderr.contains("hunter"), "{}", run.stderr);
}

#[test]
fn without_keys_the_ways_to_give_them_are_told() {
    let server = soracom(|_, _| None);
    let sandbox = workspace(&server);
    let run = sandbox.run(&["fetch", "202208"]);
    assert_eq!((run.code, server.asked().len()), (1, 0));
    assert!(run.stderr.contains("SORACOM_AUTH_KEY_ID") && run.stderr.contains("invoicer.toml:7"), "{}", run.stderr);
}

#[test]
fn what_agrees_reconciles() {
    let server = soracom(|_, _| None);
    let sandbox = workspace(&server);
    fetched(&sandbox, false).unwrap();
    let run = sandbox.run(&["reconcile", "202208"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    // 418.5 before tax, 461 with it; one day of 465 that agrees.
    let line = run.stdout.lines().nth(1).unwrap();
    let cells: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(cells, ["soracom", "¥418.5", "¥461", "¥461", "¥0", "1", "agree", "-"], "{line}");
    let json = sandbox.run(&["reconcile", "202208", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&found[0]["total_with_tax"], &found[0]["difference"]), (&"461".into(), &"0".into()));
}

#[test]
fn a_difference_has_a_likely_cause_and_exit_code_1() {
    let server = soracom(|asked, _| match asked.path.as_str() {
        "/v1/bills/202208" => Some(Reply::json(BILL.replace("461", "571"))),
        "/v1/bills/202208/daily" => Some(Reply::json(r#"{"billList":[{"amount":"565","date":"20220801"}]}"#)),
        "/v1/bills/summaries/sims" => Some(Reply::json(
            r#"[{"yearMonth":"202208","costBreakdownList":[{"simId":"1","amount":310},{"simId":"2","amount":155},
            {"simId":"3","amount":100},{"simId":"4","amount":0}]}]"#,
        )),
        _ => None,
    });
    let sandbox = workspace(&server);
    accepted(&sandbox, false, Some("confirmed in ticket 4711")).unwrap();
    let run = sandbox.run(&["reconcile", "202208"]);
    assert_eq!(run.code, 1);
    for expected in [
        "ours ¥461, the provider's ¥571, difference -¥110",
        "= a difference of -¥110 was accepted when it was fetched: confirmed in ticket 4711",
        "rows are missing",
        "1 of 1 days differ",
        "day 1: ours ¥465, the provider's ¥565",
        "2 SIMs have a charge, the provider counts 3",
    ] {
        assert!(run.stderr.contains(expected), "expected {expected}, found {}", run.stderr);
    }
}

#[test]
fn a_coupon_without_a_row_is_no_difference() {
    let bill = BILL.replace("\"amount\":461", "\"amount\":161,\"appliedCouponAmount\":300");
    let server = soracom(move |asked, _| (asked.path == "/v1/bills/202208").then(|| Reply::json(bill.clone())));
    let sandbox = workspace(&server);
    let run = sandbox.run_with(&["build", "202208"], &KEYS);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run = sandbox.run(&["reconcile", "202208", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    // 461 with tax, of which SORACOM took a coupon of 300 off: whoever asks is told the same.
    for told in [&found[0], &sandbox.json("out/202208/summary.json")["sources"][0]] {
        let figures = ["total_with_tax", "provider_total", "coupons", "difference"].map(|name| told[name].clone());
        assert_eq!(figures, ["461", "161", "300", "0"], "{told}");
    }
    let run = sandbox.run(&["reconcile", "202208"]);
    assert!(run.stderr.contains("soracom: the provider's figure is after coupons of ¥300"), "{}", run.stderr);
}

#[test]
fn a_list_that_no_build_could_read_is_refused_when_it_is_fetched() {
    let server = soracom(|asked, _| (asked.path == "/v1/groups").then(|| Reply::json(r#"[{"groupId":5}]"#)));
    assert_refused(&server, "groups-0000.json:1: this is not SORACOM's list of groups: ");
}

#[test]
fn what_is_asked_for_again_is_refused_in_the_same_words_and_leaves_what_was_there() {
    let server = soracom(|asked, _| {
        let cut = &CSV[..CSV.len() - 8];
        (asked.path == "/download" && asked.times > 0).then(|| Reply::text(cut))
    });
    let sandbox = workspace(&server);
    fetched(&sandbox, false).unwrap();
    let before = sandbox.files();
    for command in [&["fetch", "202208", "--force"][..], &["reconcile", "202208", "--fetch"]] {
        let run = sandbox.run_with(command, &KEYS);
        assert_eq!(run.code, 1, "{}", run.stderr);
        let expected = "error: the bill fetched from \"soracom\" cannot be used; nothing was kept\n";
        assert!(run.stderr.contains(expected), "{}", run.stderr);
        let row = "= export.csv:4: expected 7 cells as in the header, found 5\n";
        assert!(run.stderr.contains(row), "{}", run.stderr);
        assert!(!run.stderr.contains("partial"), "{}", run.stderr);
        assert_eq!(sandbox.files(), before);
    }
}

#[test]
fn drift_since_the_snapshot_is_shown_row_by_row() {
    let changed = CSV.replace("15.5,155,", "16,160,").replace(",202208,freeTierBasic,,,-46.5,\n", "");
    let server = soracom(move |asked, _| match (asked.path.as_str(), asked.times) {
        // The first download is the snapshot's.
        (_, 0) => None,
        ("/download", _) => Some(Reply::text(changed.clone())),
        // 310 + 160 = 470, with 10 % tax 517.
        ("/v1/bills/202208", _) => Some(Reply::json(BILL.replace("461", "517"))),
        _ => None,
    });
    let sandbox = workspace(&server);
    fetched(&sandbox, false).unwrap();
    let before = sandbox.files();
    let run = sandbox.run_with(&["reconcile", "202208", "--fetch"], &KEYS);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("2 rows of \"soracom\" are not what they were"), "{}", run.stderr);
    assert!(run.stderr.contains("20220801 440100000000002 basicCharge: 155 → 160"), "{}", run.stderr);
    assert!(run.stderr.contains("202208 - freeTierBasic: -46.5 → no row"), "{}", run.stderr);
    let kept = sandbox.json("billing/202208/soracom/drift.json");
    assert_eq!(kept["changes"].as_array().unwrap().len(), 2);
    let others: Vec<_> = sandbox.files().into_iter().filter(|(path, _)| !path.ends_with("drift.json")).collect();
    assert_eq!(others, before, "reconcile wrote something else");
    // A build warns of it without asking anyone.
    let asked = server.asked().len();
    let run = sandbox.run(&["build", "202208", "--offline", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("warning[provider-drift]: 2 rows of \"soracom\""), "{}", run.stderr);
    assert_eq!(server.asked().len(), asked);
    let manifest = sandbox.json("out/202208/manifest.json");
    assert_eq!(manifest["compared"][0]["path"], "billing/202208/soracom/drift.json");
    let run = sandbox.run(&["check", "202208", "--deny-warnings"]);
    assert!(run.stderr.contains("error[provider-drift]"), "{}", run.stderr);
    // The new bill takes the place of the old one, and of what differed.
    assert_eq!(sandbox.run_with(&["fetch", "202208", "--force"], &KEYS).code, 0);
    assert!(!sandbox.path().join("billing/202208/soracom/drift.json").exists());
    let run = sandbox.run(&["check", "202208"]);
    assert!(!run.stderr.contains("provider-drift"), "{}", run.stderr);
}

#[test]
fn status_tells_what_each_source_has() {
    let server = soracom(|asked, _| {
        let july = r#"{"amount":"28734","currency":"JPY","state":"closed","yearMonth":"202207"}"#;
        let list = format!(r#"{{"billList":[{BILL},{july}]}}"#);
        (asked.path == "/v1/bills").then(|| Reply::json(list.clone()))
    });
    let sandbox = workspace(&server);
    fetched(&sandbox, false).unwrap();
    let run = sandbox.run_with(&["status"], &KEYS);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = run.stdout.lines().map(cells).collect();
    assert_eq!(lines[1], ["202208", "soracom", "closed", "¥461", "fetched", "no", "no", "-"]);
    assert_eq!(lines[2], ["202207", "soracom", "closed", "¥28,734", "no", "no", "no", "-"]);
    let asked = server.asked().len();
    let offline = sandbox.run(&["status", "2022-08", "--offline", "--json"]);
    let rows: serde_json::Value = serde_json::from_str(&offline.stdout).unwrap();
    assert_eq!((&rows[0]["here"], &rows[0]["amount"], server.asked().len()), (&"fetched".into(), &"461".into(), asked));
    // A provider that cannot be asked does not hide what is known here.
    let without = sandbox.run(&["status"]);
    assert_eq!(without.code, 1);
    assert!(without.stdout.contains("fetched") && without.stderr.contains("no credentials"), "{}", without.stderr);
}
