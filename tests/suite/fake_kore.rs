//! A KORE of our own: tokens, usage records of three SIMs, and everything that can go wrong with them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Days, NaiveDate};
use serde_json::json;

use crate::http_server::{Asked, Reply, Server};

/// The client that may ask; its secret has signs that a form must encode.
pub(crate) const CLIENT: (&str, &str) = ("client-1", "s3cr3t&+=% ひみつ");

const ACCOUNT: &str = "AC000000000000000000000000000000a1";

/// SIMs: name, fleet, bytes a day, amount a day. Amounts come as text and as numbers, with more digits than a double has.
const SIMS: [(Option<&str>, usize, u64, &str); 3] = [
    (Some("acme-meter-1"), 1, 1_000, "\"0.01\""),
    (None, 1, 1_048_576, "0.1000000000000000055"),
    (Some("bravo-gate"), 2, 7, "2"),
];

const FLEETS: [Option<&str>; 2] = [Some("acme-fleet"), None];

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Grouping that is not enabled for this account.
    NotEnabled(&'static str, u16),
    /// The first token is taken for that many answers only.
    TokenRunsOut(u32),
    /// No token is ever taken.
    NoTokenIsGood,
    /// The second page of usage has the records of the first.
    PageRepeats,
    /// The second page of usage leads to the first.
    PagesLeadBack,
    /// The first page of usage leads to another host.
    PagesLeadAway,
    /// The second page of usage is cut off within the JSON, though HTTP thinks it whole.
    JsonIsCutOff,
    /// The second page of usage is for people.
    Html,
    /// The second page of SIMs has the SIMs of the first.
    SimsRepeat,
    /// Billed in another currency.
    Euro,
    /// Days of the month before.
    OtherMonth,
    /// The account as a whole is billed five dollars a day more than its SIMs.
    AccountDiffers,
    /// Every amount as a number.
    BareNumbers,
    /// Ids of SIMs that no SIM has.
    OddIds,
}

/// What the fake is to do, and what it did.
pub(crate) struct FakeKore {
    faults: Vec<Fault>,
    /// The URL its answers lead to; its own when none.
    base: Mutex<Option<String>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Tokens given.
    tokens: u32,
    /// Answers given for the last token.
    answers: u32,
}

/// Records of usage on a page.
const PAGE: usize = 40;

/// Starts a fake.
pub(crate) fn start(faults: &[Fault]) -> (Server, Arc<FakeKore>) {
    start_with(faults, |_, usual| usual())
}

/// Starts a fake that `instead` answers for, given what it usually answers.
pub(crate) fn start_with(
    faults: &[Fault],
    instead: impl Fn(&Asked, &dyn Fn() -> Reply) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<FakeKore>) {
    let fake = Arc::new(FakeKore { faults: faults.to_vec(), base: Mutex::default(), state: Mutex::default() });
    let answering = Arc::clone(&fake);
    (Server::start(move |asked| instead(asked, &|| answering.answer(asked))), fake)
}

impl FakeKore {
    /// How many tokens were given.
    pub(crate) fn tokens(&self) -> u32 {
        self.state.lock().unwrap().tokens
    }

    /// Its answers lead to that URL.
    pub(crate) fn stands_behind(&self, base: &str) {
        *self.base.lock().unwrap() = Some(base.to_owned());
    }

    fn base(&self, asked: &Asked) -> String {
        self.base.lock().unwrap().clone().unwrap_or_else(|| format!("http://{}", asked.header("host")))
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let query = form(&asked.query);
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/api-services/v1/auth/token") => self.token(asked),
            ("GET", "/v1/UsageRecords" | "/v1/Sims" | "/v1/Fleets") => match self.refusal(asked, &query) {
                Some(reply) => reply,
                None => self.listing(asked, &query),
            },
            _ => error(404, 20404, "The requested resource was not found"),
        }
    }

    fn token(&self, asked: &Asked) -> Reply {
        let fields = form(&asked.body);
        let expected = [("grant_type", "client_credentials"), ("client_id", CLIENT.0), ("client_secret", CLIENT.1)];
        let known = expected.iter().all(|(name, value)| fields.get(*name).is_some_and(|given| given == value));
        if asked.header("content-type") != "application/x-www-form-urlencoded" || !known {
            let body = json!({ "error": "invalid_client", "error_description": "Invalid client or Invalid client credentials" });
            return Reply::json(body.to_string()).with_status(401);
        }
        let mut state = self.state.lock().unwrap();
        *state = State { tokens: state.tokens + 1, answers: 0 };
        let body = json!({ "access_token": format!("token-{}-of-eyJ", state.tokens), "expires_in": 3600, "token_type": "Bearer", "scope": "email" });
        Reply::json(body.to_string())
    }

    /// Why a listing is not given.
    fn refusal(&self, asked: &Asked, query: &BTreeMap<String, String>) -> Option<Reply> {
        let mut state = self.state.lock().unwrap();
        let limit = self.faults.iter().find_map(|fault| match fault {
            Fault::TokenRunsOut(answers) => Some(*answers),
            _ => None,
        });
        let last = format!("Bearer token-{}-of-eyJ", state.tokens);
        let ran_out = state.tokens == 1 && limit.is_some_and(|limit| state.answers >= limit);
        if asked.header("authorization") != last || ran_out || self.has(Fault::NoTokenIsGood) {
            return Some(error(401, 20003, "Authenticate"));
        }
        state.answers += 1;
        let page_size = query.get("PageSize").map_or(50, |size| size.parse::<u32>().unwrap());
        if !(1..=249).contains(&page_size) {
            return Some(error(400, 20001, "PageSize must be between 1 and 249"));
        }
        let group = query.get("Group").map_or("", String::as_str);
        let status = self.faults.iter().find_map(|fault| match fault {
            Fault::NotEnabled(name, status) if *name == group => Some(*status),
            _ => None,
        });
        status.map(|status| error(status, 20004, &format!("grouping by {group} is not enabled for this account")))
    }

    fn listing(&self, asked: &Asked, query: &BTreeMap<String, String>) -> Reply {
        let base = self.base(asked);
        let (key, records) = match asked.path.as_str() {
            "/v1/UsageRecords" => ("usage_records", self.usage(query)),
            "/v1/Sims" => ("sims", (1..=SIMS.len()).map(|number| sim(number, &base)).collect()),
            _ => ("fleets", (1..=FLEETS.len()).map(|number| fleet(number, &base)).collect()),
        };
        let usage = key == "usage_records";
        let size = if usage { PAGE } else { 2 };
        let page: usize = query.get("Page").map_or(0, |page| page.parse().unwrap());
        let repeats = self.has(Fault::PageRepeats) && usage || self.has(Fault::SimsRepeat) && key == "sims";
        let shown = if repeats && page == 1 { 0 } else { page };
        if usage && page == 1 && self.has(Fault::Html) {
            return Reply::text("<!DOCTYPE html><html><body>maintenance</body></html>")
                .header("content-type", "text/html");
        }
        let first = format!("{}?{}", asked.path, asked.query.split("&Page=").next().unwrap());
        let url = |page: usize| match page {
            0 => format!("{base}{first}&Page=0"),
            page => format!("{base}{first}&Page={page}&PageToken=PT{page}"),
        };
        let more = records.len() > (page + 1) * size;
        let next = match more {
            _ if usage && page == 0 && self.has(Fault::PagesLeadAway) => Some(format!("https://example.com{first}")),
            _ if usage && page == 1 && self.has(Fault::PagesLeadBack) => Some(format!("{base}{first}")),
            more => more.then(|| url(page + 1)),
        };
        let meta = json!({
            "first_page_url": url(0), "key": key, "next_page_url": next, "page": page, "page_size": size,
            "previous_page_url": page.checked_sub(1).map(url), "url": url(page),
        });
        let records: Vec<&str> = records.iter().skip(shown * size).take(size).map(String::as_str).collect();
        let mut body = format!("{{\"{key}\": [{}], \"meta\": {meta}}}", records.join(",\n"));
        if usage && page == 1 && self.has(Fault::JsonIsCutOff) {
            body.truncate(body.len() / 2);
        }
        Reply::json(body)
    }

    /// Records as `Group`, `Granularity`, `StartTime` and `EndTime` ask for, the last day first.
    fn usage(&self, query: &BTreeMap<String, String>) -> Vec<String> {
        assert_eq!(query["Granularity"], "day");
        let midnight = |name: &str| -> NaiveDate {
            let time = DateTime::parse_from_rfc3339(&query[name]).unwrap().to_utc();
            assert!(query[name].ends_with("T00:00:00Z"), "days begin at midnight: {}", query[name]);
            time.date_naive()
        };
        let (mut start, mut end) = (midnight("StartTime"), midnight("EndTime"));
        assert!(start < end && end <= start + Days::new(31), "31 days at most");
        if self.has(Fault::OtherMonth) {
            (start, end) = (start - Days::new(1), end - Days::new(1));
        }
        let unit = if self.has(Fault::Euro) { "EUR" } else { "USD" };
        let days = start.iter_days().take_while(|day| *day < end).collect::<Vec<NaiveDate>>();
        let mut records = Vec::new();
        for day in days.into_iter().rev() {
            let record = |sim: Option<usize>, fleet: Option<usize>, bytes: u64, amount: &str| {
                let amount = if self.has(Fault::BareNumbers) { amount.trim_matches('"') } else { amount };
                let id = |prefix: &str, number: Option<usize>| match self.has(Fault::OddIds) {
                    true => json!(number.map(|number| format!("{prefix}-{number}"))),
                    false => json!(number.map(|number| sid(prefix, number))),
                };
                format!(
                    "{{\"period\": {{\"start_time\": \"{day}T00:00:00Z\", \"end_time\": \"{}T00:00:00Z\"}}, \
                     \"account_sid\": \"{ACCOUNT}\", \"data_upload\": 0, \"data_download\": {bytes}, \"data_total\": {bytes}, \
                     \"data_total_billed\": {amount}, \"billed_unit\": \"{unit}\", \"sim_sid\": {}, \"fleet_sid\": {}, \
                     \"network_sid\": null, \"iso_country\": null}}",
                    day + Days::new(1),
                    id("HS", sim),
                    id("HF", fleet),
                )
            };
            match query.get("Group").map(String::as_str) {
                Some("sim") => records.extend(
                    (1..).zip(SIMS).map(|(number, (_, _, bytes, amount))| record(Some(number), None, bytes, amount)),
                ),
                Some("fleet") => {
                    records.push(record(None, Some(1), 1_049_576, "\"0.1100000000000000055\""));
                    records.push(record(None, Some(2), 7, "2"));
                }
                _ if self.has(Fault::AccountDiffers) => {
                    records.push(record(None, None, 1_049_583, "7.1100000000000000055"));
                }
                _ => records.push(record(None, None, 1_049_583, "2.1100000000000000055")),
            }
        }
        records
    }
}

fn sim(number: usize, base: &str) -> String {
    let (name, fleet, ..) = SIMS[number - 1];
    let url = format!("{base}/v1/Sims/{}", sid("HS", number));
    json!({
        "sid": sid("HS", number), "unique_name": name, "account_sid": ACCOUNT, "status": "active",
        "iccid": format!("8988307000012345{number:04}"), "fleet_sid": sid("HF", fleet),
        "date_created": "2021-07-30T20:00:00Z", "date_updated": "2022-07-30T20:00:00Z", "url": url,
        "links": { "billing_periods": format!("{url}/BillingPeriods"), "sim_ip_addresses": format!("{url}/IpAddresses") },
    })
    .to_string()
}

fn fleet(number: usize, base: &str) -> String {
    json!({
        "sid": sid("HF", number), "unique_name": FLEETS[number - 1], "account_sid": ACCOUNT, "data_enabled": true,
        "data_limit": 1000, "data_metering": "payg", "date_created": "2019-10-15T20:00:00Z",
        "date_updated": "2019-10-15T20:00:00Z", "network_access_profile_sid": sid("HA", 1),
        "url": format!("{base}/v1/Fleets/{}", sid("HF", number)),
    })
    .to_string()
}

pub(crate) fn sid(prefix: &str, number: usize) -> String {
    format!("{prefix}{number:032x}")
}

fn error(status: u16, code: u32, message: &str) -> Reply {
    Reply::json(json!({ "code": code, "message": message, "status": status }).to_string()).with_status(status)
}

/// `a=b&c=d` with its percent signs and pluses undone.
fn form(text: &str) -> BTreeMap<String, String> {
    let plain = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                byte => byte,
            });
        }
        String::from_utf8(bytes).unwrap()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (plain(name), plain(value))).collect()
}
