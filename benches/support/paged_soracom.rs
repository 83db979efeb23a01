//! SORACOM's API with as many SIMs as wanted, for any month; and with faults, the same each time.

use std::sync::Mutex;

use super::http_server::{Asked, Reply, Server};

/// SIMs on a page.
const PAGE: u32 = 100;

/// The credentials that the program reads from its environment.
pub(crate) const KEYS: [(&str, &str); 2] = [("SORACOM_AUTH_KEY_ID", "keyId-load"), ("SORACOM_AUTH_KEY", "secret-load")];

/// A server with that many SIMs. With `faults`, the seed of a sequence, answers are refused or cut off now and then.
pub(crate) fn start(sims: u32, faults: Option<u64>) -> Server {
    let faults = faults.map(|seed| Mutex::new(Faults { state: seed, before: 0 }));
    Server::start(move |asked| {
        let right = whole(sims, asked);
        match &faults {
            None => right,
            Some(faults) => faults.lock().map_or(Reply::closed(), |mut faults| faults.instead(asked, right)),
        }
    })
}

/// A sequence of faults.
struct Faults {
    state: u64,
    /// Faults just before, one after the other.
    before: u32,
}

impl Faults {
    /// One answer in twenty is a refusal, one in two hundred is cut off, and one in two hundred does not come: the program
    /// waits at least a second after these. Never are there more than two one after the other, and only one for a POST,
    /// which the program tries twice.
    fn instead(&mut self, asked: &Asked, right: Reply) -> Reply {
        // Knuth's linear congruential generator; its upper bits are good enough.
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let most = if asked.method == "POST" { 1 } else { 2 };
        let drawn = (self.state >> 33) % 200;
        if drawn >= 12 || self.before >= most {
            self.before = 0;
            return right;
        }
        self.before += 1;
        match drawn {
            0 => right.cut(),
            1 => Reply::closed(),
            _ => Reply::status(429).header("retry-after", "0"),
        }
    }
}

/// The answer without faults.
fn whole(sims: u32, asked: &Asked) -> Reply {
    let host = format!("http://{}", asked.header("host"));
    match asked.path.strip_prefix("/v1/").unwrap_or("download") {
        "auth" => Reply::json(r#"{"apiKey":"api-load","operatorId":"OP0012345678","token":"token-load"}"#),
        "sims" => {
            let first = asked.value("last_evaluated_key").and_then(|key| key.parse().ok()).unwrap_or(0);
            let page = Reply::json(body(sims, &asked.path, &asked.query).unwrap_or_default());
            match first + PAGE < sims {
                true => page.header("x-soracom-next-key", (first + PAGE).to_string()),
                false => page,
            }
        }
        path => match path.strip_suffix("/export").and_then(|path| path.strip_prefix("bills/")) {
            Some(month) => Reply::json(format!("{{\"url\":\"{host}/download/{month}?X-Amz-Signature=x\"}}")),
            None => body(sims, &asked.path, &asked.query).map_or(Reply::status(404), Reply::json),
        },
    }
}

/// The bytes of what is kept, by the path and query under which it is asked for; none for what the server does not have.
pub(crate) fn body(sims: u32, path: &str, query: &str) -> Option<String> {
    if let Some(month) = path.strip_prefix("/download/") {
        return Some(csv(sims, month));
    }
    match path.strip_prefix("/v1/")? {
        "sims" => {
            let key = query.split('&').find_map(|pair| pair.strip_prefix("last_evaluated_key="));
            let first = key.and_then(|key| key.parse().ok()).unwrap_or(0);
            let page: Vec<String> = (first..sims.min(first + PAGE)).map(sim).collect();
            Some(format!("[{}]", page.join(",")))
        }
        "groups" => Some(r#"[{"groupId":"g-1","tags":{"name":"acme-field"}}]"#.to_owned()),
        path => {
            let month = path.strip_prefix("bills/").filter(|month| month.bytes().all(|byte| byte.is_ascii_digit()))?;
            let amount = sims * (100 + rate(month));
            Some(format!("{{\"amount\":{amount},\"currency\":\"JPY\",\"state\":\"closed\",\"yearMonth\":\"{month}\"}}"))
        }
    }
}

/// Per cent of the consumption tax.
fn rate(month: &str) -> u32 {
    match month.parse().unwrap_or(0) {
        ..=201_403 => 5,
        201_404..=201_909 => 8,
        _ => 10,
    }
}

/// Two rows for each SIM, of 100 JPY together.
fn csv(sims: u32, month: &str) -> String {
    let mut text = "\u{feff}imsi,date,billItemName,unitPrice,quantity,amount,groupId\n".to_owned();
    for sim in 0..sims {
        let imsi = imsi(sim);
        text.push_str(&format!("{imsi},{month}01,basicCharge,10,9,90,g-1\n"));
        text.push_str(&format!("{imsi},{month}28,uploadDataCharge,0.00001,1000000,10,g-1\n"));
    }
    text
}

fn imsi(sim: u32) -> u64 {
    440_100_000_000_000 + u64::from(sim)
}

fn sim(sim: u32) -> String {
    let (id, imsi) = (8_981_100_000_000_000_000 + u64::from(sim), imsi(sim));
    format!(
        "{{\"simId\":\"{id}\",\"groupId\":\"g-1\",\"tags\":{{\"name\":\"meter-{sim:05}\",\"customer\":\"acme\"}},\
         \"profiles\":{{\"{id}\":{{\"primaryImsi\":\"{imsi}\",\"subscribers\":{{\"{imsi}\":{{\"imsi\":\"{imsi}\",\
         \"status\":\"active\",\"speedClass\":\"s1.standard\"}}}}}}}}}}"
    )
}
