//! KORE's API, played on loopback: from a fetch to the invoice, and everything that can go wrong on the way.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::common::Sandbox;
use crate::fake_kore::{self, CLIENT, FakeKore, Fault};
use crate::http_client::environment;
use crate::http_server::{Reply, Server};
use invoicer::model::settings::SourceSettings;
use invoicer::sources::fetch::{FetchRequest, Fetched, fetch, read_again};

pub(crate) const KEYS: [(&str, &str); 2] = [("KORE_CLIENT_ID", CLIENT.0), ("KORE_CLIENT_SECRET", CLIENT.1)];

/// A fetch on 10 September 2022.
pub(crate) struct Wanted<'a> {
    draft: bool,
    accept: Option<&'a str>,
    variables: &'a [(&'a str, &'a str)],
    now: fn() -> DateTime<Utc>,
    allowed: bool,
}

pub(crate) const USUAL: Wanted<'static> =
    Wanted { draft: false, accept: None, variables: &KEYS, now: || time("2022-09-10T00:00:00Z"), allowed: true };

/// Without keys in the environment, and no host is allowed.
pub(crate) const TRUSTING_NOBODY: Wanted<'static> = Wanted { variables: &[], allowed: false, ..USUAL };

fn time(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// acme by the name of its fleet, bravo by the id of a fleet that has no name.
pub(crate) fn workspace(url: &str, more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        format!(
            "[issuer]\nname = \"見本通信株式会社\"\n[pricing]\nmarkup = \"15%\"\n\
             [[source]]\nname = \"kore\"\nkind = \"kore-api\"\nendpoint = \"{url}\"\n{more}\n\
             [[fx]]\nmonth = \"202208\"\nfrom = \"USD\"\nto = \"JPY\"\nrate = \"138.70\"\n"
        ),
    );
    sandbox.write(
        "customers/acme.toml",
        "name = \"アクメ株式会社\"\n[[match]]\ngroup = \"acme-*\"\n\
         [[fee]]\nname = \"SIM基本料\"\namount = \"200\"\nper = \"resource\"\nmatch = { source = \"kore\" }\n",
    );
    sandbox.write(
        "customers/bravo.toml",
        "name = \"ブラボー株式会社\"\n[[match]]\ngroup = \"HF00000000000000000000000000000002\"\n",
    );
    sandbox
}

/// Asks in this process, where waiting takes no time; gives what became of it and what was told meanwhile.
fn asked<T>(
    sandbox: &Sandbox,
    wanted: &Wanted<'_>,
    ask: impl FnOnce(FetchRequest<'_>, &SourceSettings) -> T,
) -> (T, Vec<String>) {
    let workspace = invoicer::workspace::load(sandbox.path()).unwrap();
    let (mut environment, heard) = environment(wanted.variables);
    environment.now = wanted.now;
    environment.home = Some(sandbox.path().join("home"));
    if !wanted.allowed {
        environment.allowed_endpoints.clear();
    }
    let month = "202208".parse().unwrap();
    let wish = FetchRequest {
        root: sandbox.path(),
        month,
        draft: wanted.draft,
        force: false,
        accept: wanted.accept,
        environment: &environment,
    };
    let result = ask(wish, &workspace.settings.sources[0]);
    let told = heard.lock().unwrap().clone();
    (result, told)
}

/// Fetches and gives the remarks; no secret may be told or written.
pub(crate) fn fetched(sandbox: &Sandbox, wanted: &Wanted<'_>) -> Result<String, String> {
    let (result, heard) = asked(sandbox, wanted, fetch);
    let result = match result {
        Ok(Fetched::Files(_, remarks)) => Ok(remarks.iter().map(|remark| remark.render(false)).collect::<String>()),
        Ok(Fetched::Already) => panic!("nothing was asked"),
        Err(problem) => Err(problem.render(false)),
    };
    let shown = format!("{result:?} {heard:?}");
    let written = sandbox.files().into_iter().filter(|(path, _)| !path.starts_with("home/"));
    let texts = written.map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()).chain([shown]);
    for text in texts {
        assert!(!["s3cr3t", "ひみつ", "of-eyJ"].iter().any(|secret| text.contains(secret)), "a secret in {text}");
    }
    result
}

fn with<'a>(variables: &'a [(&'a str, &'a str)]) -> Wanted<'a> {
    Wanted { variables, ..USUAL }
}

/// Fetching is refused with these words and leaves nothing.
fn assert_refused(url: &str, wanted: &Wanted<'_>, expected: &[&str]) {
    let sandbox = workspace(url, "");
    let told = fetched(&sandbox, wanted).unwrap_err();
    assert!(expected.iter().all(|words| told.contains(words)), "expected {expected:?}, found {told}");
    assert!(!sandbox.path().join("billing").exists(), "{:?}", sandbox.files());
}

/// Likewise with a fake that has faults.
fn assert_fault(faults: &[Fault], expected: &[&str]) -> (Server, Arc<FakeKore>) {
    let (server, fake) = fake_kore::start(faults);
    assert_refused(&server.url(), &USUAL, expected);
    (server, fake)
}

pub(crate) fn build(sandbox: &Sandbox) -> [String; 2] {
    let run = sandbox.run(&["build", "202208", "--offline"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    ["acme", "bravo"].map(|customer| {
        let pdf = sandbox.read(&format!("out/202208/{customer}/INV-202208-{customer}.pdf"));
        assert!(pdf.starts_with(b"%PDF-"));
        let invoice = sandbox.json(&format!("out/202208/internal/{customer}/INV-202208-{customer}.json"));
        format!("{} + {} = {}", invoice["subtotal"], invoice["tax"], invoice["total"]).replace('"', "")
    })
}

/// 31 days of 0.01 and of 0.1000000000000000055 dollars are 3.4100000000000001705, × 138.70 = 472.967…, × 1.15 =
/// 543.912…, up to 544. bravo: 31 × 2 = 62, × 138.70 = 8599.4, × 1.15 = 9889.31, up to 9890.
pub(crate) const TOTALS: [&str; 2] = ["944 + 95 = 1039", "9890 + 989 = 10879"];

#[test]
fn from_the_api_to_the_invoice() {
    let (server, fake) = fake_kore::start(&[]);
    let sandbox = workspace(&server.url(), "");
    assert_eq!(fetched(&sandbox, &USUAL).unwrap(), "");
    // 93 records, 40 on a page; two SIMs on a page.
    let provenance = sandbox.json("billing/202208/kore/provenance.json");
    let names: Vec<&str> =
        provenance["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    let expected = [
        "usage-0000.json",
        "usage-0001.json",
        "usage-0002.json",
        "account-0000.json",
        "sims-0000.json",
        "sims-0001.json",
        "fleets-0000.json",
    ];
    assert_eq!((names, fake.tokens()), (expected.to_vec(), 1));
    assert_eq!(provenance["final"], true);
    let first = &server.asked()[1];
    let query = [("Group", "sim"), ("Granularity", "day"), ("PageSize", "249")];
    assert!(query.iter().all(|(name, value)| first.value(name) == Some(value)), "{}", first.query);
    let period = [first.value("StartTime"), first.value("EndTime")];
    assert_eq!(period, [Some("2022-08-01T00%3A00%3A00Z"), Some("2022-09-01T00%3A00%3A00Z")]);
    // 544 and two SIMs at 200.
    assert_eq!(build(&sandbox), TOTALS);
    let acme = sandbox.json("out/202208/internal/acme/INV-202208-acme.json");
    // 3.4100000000000001705 × 138.70
    assert_eq!(
        (&acme["items"][0]["unit"], &acme["items"][0]["cost"]),
        (&"byte".into(), &"472.96700000000002364835".into())
    );
    assert_eq!(acme["items"][0]["quantity"], (31 * (1_000 + 1_048_576)).to_string());
    let detail = &acme["details"][0];
    assert_eq!((&detail["date"], &detail["resource_name"]), (&"2022-08-01".into(), &"acme-meter-1".into()));
    // Days come last first: 1 August is among the last three records, on the third page.
    assert_eq!(detail["origin"]["file"], "billing/202208/kore/usage-0002.json");
    assert_eq!(detail["origin"]["row"], 11);
}

#[test]
fn kore_can_be_asked_again_without_keeping_the_answer() {
    let (server, _) = fake_kore::start(&[]);
    let sandbox = workspace(&server.url(), "");
    fetched(&sandbox, &USUAL).unwrap();
    let (before, known) = (sandbox.files(), server.asked().len());
    let (again, _) = asked(&sandbox, &USUAL, |wish, source| read_again(wish, source).unwrap().bill);
    // 31 days of three SIMs.
    assert_eq!((again.charges.len(), server.asked().len()), (93, 2 * known));
    assert_eq!(sandbox.files(), before);
}

#[test]
fn the_sum_of_the_sims_is_compared_with_the_account() {
    let (server, _) = fake_kore::start(&[]);
    let sandbox = workspace(&server.url(), "");
    fetched(&sandbox, &USUAL).unwrap();
    build(&sandbox);
    let source = &sandbox.json("out/202208/summary.json")["sources"][0];
    // 31 × (0.01 + 0.1000000000000000055 + 2); usage records know no tax.
    let total = "65.4100000000000001705";
    assert_eq!((&source["total_with_tax"], &source["provider_total"]), (&total.into(), &total.into()));
    let run = sandbox.run(&["reconcile", "202208"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("31 agree"), "{}", run.stdout);

    let (server, _) = fake_kore::start(&[Fault::AccountDiffers]);
    let total =
        "rows with tax $65.4100000000000001705, the provider's total $220.4100000000000001705, difference -$155.00";
    assert_refused(&server.url(), &USUAL, &["does not add up to the provider's total; nothing was kept", total]);
    let sandbox = workspace(&server.url(), "");
    fetched(&sandbox, &Wanted { accept: Some("confirmed in ticket 4711"), ..USUAL }).unwrap();
    let run = sandbox.run(&["reconcile", "202208"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    // Five dollars more on each day.
    for expected in ["difference -$155.00", "31 of 31 days differ", "day 1: ours $2.11"] {
        assert!(run.stderr.contains(expected), "expected {expected}, found {}", run.stderr);
    }
}

#[test]
fn a_fetched_month_is_not_asked_for_again() {
    let (server, _) = fake_kore::start(&[]);
    let sandbox = workspace(&server.url(), "");
    fetched(&sandbox, &USUAL).unwrap();
    let asked = server.asked().len();
    // Neither keys nor network are needed any more.
    let run = sandbox.run(&["build", "202208"]);
    assert_eq!((run.code, server.asked().len()), (0, asked), "{}", run.stderr);
}

#[test]
fn usage_comes_by_fleet_or_whole_where_grouping_by_sim_is_not_enabled() {
    let (server, _) = fake_kore::start(&[Fault::NotEnabled("sim", 403)]);
    let sandbox = workspace(&server.url(), "");
    let remarks = fetched(&sandbox, &USUAL).unwrap();
    assert!(remarks.starts_with("warning: usage comes by fleet, not by SIM"), "{remarks}");
    // The fleet is the resource then, so the fee is charged once.
    assert_eq!(build(&sandbox), ["744 + 75 = 819", TOTALS[1]]);

    let (server, _) = fake_kore::start(&[Fault::NotEnabled("sim", 400), Fault::NotEnabled("fleet", 403)]);
    let sandbox = workspace(
        &server.url(),
        "[[allocation.share]]\nmatch = { resource = \"\" }\nweights = { acme = 1, bravo = 1 }\n",
    );
    let remarks = fetched(&sandbox, &USUAL).unwrap();
    assert!(remarks.contains("neither by SIM nor by fleet") && remarks.contains("is not enabled"), "{remarks}");
    // 31 × 2.1100000000000000055 = 65.4100000000000001705 dollars, half of it for each but for the
    // last digit: 32.705… × 138.70 × 1.15 = 5216.611…, up to 5217; tax 521.7, up to 522.
    assert_eq!(build(&sandbox), ["5217 + 522 = 5739", "5217 + 522 = 5739"]);

    let refusals = [Fault::NotEnabled("sim", 403), Fault::NotEnabled("fleet", 403), Fault::NotEnabled("", 400)];
    assert_fault(&refusals, &["status 400", "KORE refuses to list usage by SIM (status 403", "by fleet"]);
}

#[test]
fn a_token_that_runs_out_is_renewed_once() {
    let (server, fake) = fake_kore::start(&[Fault::TokenRunsOut(2)]);
    let sandbox = workspace(&server.url(), "");
    fetched(&sandbox, &USUAL).unwrap();
    assert_eq!(fake.tokens(), 2);
    assert_eq!(build(&sandbox), TOTALS);

    let (_, fake) = assert_fault(&[Fault::NoTokenIsGood], &["status 401", "Authenticate"]);
    assert_eq!(fake.tokens(), 1);
}

#[test]
fn what_is_no_bill_is_refused_whole() {
    assert_fault(&[Fault::PageRepeats], &["usage-0001.json:1: the record repeats usage-0000.json:1"]);
    assert_fault(&[Fault::SimsRepeat], &["sims-0001.json:1: the listing of sims has this one twice"]);
    let (server, _) = assert_fault(
        &[Fault::PagesLeadBack],
        &["KORE's listing /v1/UsageRecords leads back to a page that was received already"],
    );
    assert_eq!(server.count("GET", "/v1/UsageRecords"), 2);
    assert_fault(&[Fault::PagesLeadAway], &["the next page is said to be on another host"]);
    assert_fault(&[Fault::JsonIsCutOff], &["the JSON is cut off"]);
    assert_fault(&[Fault::Html], &["expected JSON, found HTML"]);
    assert_fault(&[Fault::Euro], &["expected the billed_unit \"USD\" of this source, found \"EUR\""]);
    assert_fault(&[Fault::OtherMonth], &["expected a period within 202208 in UTC, found 2022-07-31"]);
}

#[test]
fn passing_faults_of_the_network_are_survived() {
    let (server, _) = fake_kore::start_with(&[], |asked, usual| match (asked.path.as_str(), asked.times) {
        ("/api-services/v1/auth/token", 0) => Reply::status(503).header("retry-after", "1"),
        ("/v1/UsageRecords", 0) => {
            Reply::json("{\"message\":\"slow down\"}").with_status(429).header("retry-after", "3")
        }
        ("/v1/UsageRecords", 2) => usual().cut(),
        ("/v1/Sims", 0) => Reply::closed(),
        ("/v1/Fleets", 0) => Reply::status(500),
        _ => usual(),
    });
    let sandbox = workspace(&server.url(), "");
    fetched(&sandbox, &USUAL).unwrap();
    assert_eq!(build(&sandbox), TOTALS);

    let (server, _) = fake_kore::start_with(&[], |asked, usual| match asked.path.as_str() {
        "/v1/Fleets" => usual().cut(),
        _ => usual(),
    });
    assert_refused(&server.url(), &USUAL, &["/v1/Fleets", "asked 5 times"]);
}

#[test]
fn charges_that_may_still_change_are_for_drafts() {
    let (server, _) = fake_kore::start(&[]);
    let url = server.url();
    let at = |now| Wanted { now, ..USUAL };
    assert_refused(
        &url,
        &at(|| time("2022-09-01T23:59:59Z")),
        &["are not all there yet", "after 2022-09-02T00:00:00Z"],
    );
    assert_refused(&url, &at(|| time("2022-08-15T12:00:00Z")), &["the month 202208 is not over yet"]);
    assert_refused(&url, &at(|| time("2022-07-31T23:59:59Z")), &["the month 202208 has not begun yet"]);
    assert_refused(&url, &at(|| time("2024-02-01T00:00:01Z")), &["KORE keeps usage for 18 months"]);
    assert_eq!(server.asked().len(), 0);

    let sandbox = workspace(&url, "");
    fetched(&sandbox, &at(|| time("2022-09-02T00:00:00Z"))).unwrap();
    let sandbox = workspace(&url, "");
    fetched(&sandbox, &at(|| time("2024-02-01T00:00:00Z"))).unwrap();

    let sandbox = workspace(&url, "");
    fetched(&sandbox, &Wanted { draft: true, ..at(|| time("2022-08-15T12:00:00Z")) }).unwrap();
    let last = server.asked().into_iter().rfind(|asked| asked.path == "/v1/UsageRecords").unwrap();
    assert_eq!(last.value("EndTime"), Some("2022-08-16T00%3A00%3A00Z"));
    assert_eq!(sandbox.json("billing/202208/kore/provenance.json")["final"], false);
    let run = sandbox.run(&["build", "202208", "--offline"]);
    assert_eq!(run.code, 1);
    let run = sandbox.run(&["build", "202208", "--offline", "--draft"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn credentials_come_from_the_environment_or_a_file_of_one_s_own() {
    let (server, fake) = fake_kore::start(&[]);
    let url = server.url();
    assert_refused(&url, &with(&[]), &["no credentials for the source \"kore\"", "KORE_CLIENT_ID"]);
    assert_refused(&url, &with(&[KEYS[0]]), &["only one of KORE_CLIENT_ID and KORE_CLIENT_SECRET is set"]);
    assert_eq!(server.asked().len(), 0);
    let wrong = [KEYS[0], ("KORE_CLIENT_SECRET", "s3cr3t")];
    assert_refused(&url, &with(&wrong), &["KORE does not accept the credentials", "invalid_client"]);
    assert_eq!(fake.tokens(), 0);

    let profile = format!("{{\"client_id\": {:?}, \"client_secret\": {:?}}}", CLIENT.0, CLIENT.1);
    let path = "home/.config/invoicer/kore/shop.json";
    for (mode, text, expected) in [
        (0o600, profile.as_str(), None),
        (0o644, profile.as_str(), Some("other users of this machine can read the credentials")),
        (
            0o600,
            "{\"client_id\": \"client-1\", \"client_secret\": 5}",
            Some("the profile \"shop\" is not {\"client_id\""),
        ),
        (
            0o600,
            "{\"client_id\": \"client-1\", \"client_secret\": \"\"}",
            Some("the profile \"shop\" is not {\"client_id\""),
        ),
        (0o600, "{\"client_secret\": \"s3cr3t", Some("the profile \"shop\" is not {\"client_id\"")),
    ] {
        let sandbox = workspace(&url, "profile = \"shop\"");
        sandbox.write(path, text);
        restrict(&sandbox, path, mode);
        match (fetched(&sandbox, &with(&[])), expected) {
            (Ok(_), None) => assert_eq!(build(&sandbox), TOTALS),
            (Err(told), Some(expected)) => assert!(told.contains(expected), "expected {expected}, found {told}"),
            (result, _) => panic!("{text}: {result:?}"),
        }
    }
    let sandbox = workspace(&url, "profile = \"shop\"");
    let told = fetched(&sandbox, &with(&KEYS)).unwrap_err();
    assert!(told.contains("cannot read the profile \"shop\": it does not exist"), "{told}");
}

#[cfg(unix)]
pub(crate) fn restrict(sandbox: &Sandbox, path: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(sandbox.path().join(path), std::fs::Permissions::from_mode(mode)).unwrap();
}
