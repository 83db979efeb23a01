//! A small SAKURA Cloud on loopback: one account, its bills and what it has in two zones, as the provider's manual and
//! its clients describe the answers. The parts a test wants otherwise are changed before they are served.

use std::fmt::Write;

use base64::Engine;
use serde_json::{Value, json};

use crate::http_server::{Asked, Reply, Server};

pub(crate) const TOKEN: &str = "01234567-89ab-cdef-0123-456789abcdef";
pub(crate) const SECRET: &str = "S3cr3tThatMustNotBeSeen";
/// What stands in the settings of a resource, and is nobody's business.
pub(crate) const PASSWORD: &str = "Pa55w0rdOfADatabase";

/// The header row of the CSV.
const HEADER: &str = "\"No.\",\"請求書番号\",\"利用年月\",\"入金状況\",\"会員ID\",\"アカウントコード\",\"リソースID\",\"サービスコード\",\
    \"サービス名\",\"ゾーンID\",\"ゾーン名\",\"日数\",\"時間\",\"料金(税抜)\",\"消費税\",\"リソース名\"";

/// A row of a bill: number, resource, product, its name, zone, days, hours, price and name of the resource.
type Row = (u32, &'static str, &'static str, &'static str, &'static str, u32, u32, i64, &'static str);

/// A bill: id, date, month of use and rows.
pub(crate) struct Bill {
    pub(crate) id: u64,
    pub(crate) date: &'static str,
    pub(crate) month: &'static str,
    pub(crate) rows: Vec<Row>,
}

impl Bill {
    /// The CSV; quotes in names stand as they are.
    fn csv(&self) -> String {
        let mut text = format!("\u{feff}{HEADER}\r\n");
        for (number, resource, product, name, zone, days, hours, price, label) in &self.rows {
            let tax = price / 10;
            let (id, month) = (self.id, self.month);
            let _ = write!(
                text,
                "\"{number}\",\"{id:09}\",\"{month}\",\"未払い\",\"abc00001\",\"shop\",\"{resource}\",\"{product}\",\"{name}\",\
                 \"{zone}\",\"ゾーン\",\"{days}\",\"{hours}\",\"{price}\",\"{tax}\",\"{label}\"\r\n"
            );
        }
        text
    }

    fn amount(&self) -> i64 {
        self.rows.iter().map(|row| row.7 + row.7 / 10).sum()
    }
}

/// The account.
pub(crate) struct Cloud {
    pub(crate) bills: Vec<Bill>,
    /// Zone, kind, key of the list and rows.
    pub(crate) resources: Vec<(&'static str, &'static str, &'static str, Vec<Value>)>,
    /// Whether ids and amounts are numbers where they can be, or all text.
    pub(crate) numbers: bool,
    /// Whether keys are found by `auth-status`, or only by the newer `auth/context`.
    pub(crate) auth_status: bool,
    /// What the key may see beside resources.
    pub(crate) permission: &'static str,
}

fn resource(id: &str, name: &str, tags: &[&str]) -> Value {
    json!({ "ID": id, "Name": name, "Tags": tags, "Settings": { "DBConf": { "Common": { "UserPassword": PASSWORD } } } })
}

impl Cloud {
    /// August 2022 with two servers, a disk and 101 switches, July with a server that was deleted since.
    pub(crate) fn new() -> Cloud {
        let server = "サーバ/1Core-1GB";
        let august = vec![
            (1, "112700654736", "50118", server, "is1b", 31, 0, 1500, "web \"本番\", 1"),
            (2, "112700600001", "50118", server, "is1b", 10, 0, 500, ""),
            (3, "112700654738", "50200", "ディスク/SSD 20GB", "is1b", 31, 0, 400, "disk"),
            (4, "112700700002", "50130", "サーバ/2Core-4GB", "tk1a", 26, 1, 1300, "app"),
            (5, "113300000101", "50300", "スイッチ", "tk1a", 31, 0, 2000, "switch-101"),
        ];
        let july = vec![(1, "112700600001", "50118", server, "is1b", 31, 0, 1500, "old-bravo")];
        let september = vec![(1, "112700654736", "50118", server, "is1b", 3, 0, 150, "web")];
        let switches =
            |index: u32| resource(&format!("1133{index:08}"), &format!("switch-{index}"), &["customer=bravo"]);
        Cloud {
            bills: vec![
                Bill { id: 13_600_000, date: "2022-10-10T00:00:00+09:00", month: "2022/09", rows: september },
                Bill { id: 13_481_639, date: "2022-09-10T00:00:00+09:00", month: "2022/08", rows: august },
                Bill { id: 13_327_977, date: "2022-08-10T00:00:00+09:00", month: "2022/07", rows: july },
            ],
            resources: vec![
                ("is1b", "server", "Servers", vec![resource("112700654736", "web", &["customer=acme", "prod"])]),
                ("is1b", "disk", "Disks", vec![resource("112700654738", "disk", &["customer=acme"])]),
                ("tk1a", "server", "Servers", vec![resource("112700700002", "app", &["customer=charlie"])]),
                ("tk1a", "switch", "Switches", (1..=101).map(switches).collect()),
            ],
            numbers: false,
            auth_status: true,
            permission: "bill+eventlog",
        }
    }

    /// As it was in July, when a server was not deleted yet.
    pub(crate) fn in_july() -> Cloud {
        let mut cloud = Cloud::new();
        cloud.resources[0].3.push(resource("112700600001", "old-bravo", &["customer=bravo"]));
        cloud
    }

    /// Serves it; where `change` gives a reply to what was asked, it is sent instead of the right one.
    pub(crate) fn serve(self, change: impl Fn(&Asked, &Reply) -> Option<Reply> + Send + Sync + 'static) -> Server {
        Server::start(move |asked| {
            let reply = self.answer(asked);
            change(asked, &reply).unwrap_or(reply)
        })
    }

    /// An id, as text of twelve digits or as a number.
    fn id(&self, text: &str) -> Value {
        match self.numbers {
            true => text.parse::<u64>().unwrap().into(),
            false => text.into(),
        }
    }

    fn amount(&self, amount: i64) -> Value {
        if self.numbers { amount.into() } else { amount.to_string().into() }
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let key = base64::engine::general_purpose::STANDARD.encode(format!("{TOKEN}:{SECRET}"));
        if asked.header("authorization") != format!("Basic {key}") {
            return refusal(401, "401 Unauthorized", "unauthorized", "要求されたAPIの実行には認証が必要です。");
        }
        let path = asked.path.strip_prefix("/cloud/").unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["api", "iam", "1.0", "auth", "context"] => Reply::json(
                json!({ "resource_id": 1, "auth_type": "apikey", "limited_to_project_id": 526_782 }).to_string(),
            ),
            ["zone", zone, "api", "cloud", "1.1", rest @ ..] => self.cloud(zone, &rest.join("/"), &query(asked)),
            ["zone", _, "api", "system", "1.0", rest @ ..] => self.bills(rest),
            _ => not_found(),
        }
    }

    fn cloud(&self, zone: &str, kind: &str, query: &Value) -> Reply {
        if kind == "auth-status" {
            if !self.auth_status {
                return refusal(403, "403 Forbidden", "forbidden", "要求された操作は許可されていません。");
            }
            return good(json!({
                "Account": { "ID": self.id("000000526782"), "Code": "shop", "Name": "店", "Class": "account" },
                "Member": { "Code": "abc00001", "Class": "sakura", "Errors": null },
                "User": null, "AuthMethod": "apikey", "AuthClass": "account", "Permission": "view",
                "ExternalPermission": self.permission, "RESTFilter": null, "IsAPIKey": true, "OperationPenalty": "none",
            }));
        }
        let zones = ["is1b", "tk1a", "tk1v"];
        if kind == "zone" {
            let rows = zones.map(|zone| json!({ "ID": 31001, "Name": zone, "IsDummy": zone == "tk1v" }));
            return page("Zones", &rows, query);
        }
        if kind == "public/price" {
            let price =
                json!({ "ServiceClassID": 50118, "DisplayName": "サーバ", "Price": { "Monthly": 1500, "Zone": zone } });
            return page("ServiceClasses", &[price], query);
        }
        let found = self.resources.iter().find(|(its_zone, its_kind, ..)| (*its_zone, *its_kind) == (zone, kind));
        match (found, kind) {
            (Some((_, _, key, rows)), _) => {
                let row = |row: &Value| {
                    let mut row = row.clone();
                    row["ID"] = self.id(row["ID"].as_str().unwrap());
                    row
                };
                page(key, &rows.iter().map(row).collect::<Vec<Value>>(), query)
            }
            // A kind of resource that some zones do not have.
            (None, "privatehost") => not_found(),
            (None, _) => page("Rows", &[], query),
        }
    }

    fn bills(&self, path: &[&str]) -> Reply {
        match path {
            ["bill", "by-contract", account] if account.parse() == Ok(526_782) => {
                let bill = |bill: &Bill| {
                    json!({
                        "BillID": bill.id, "Amount": self.amount(bill.amount()), "Date": bill.date, "MemberID": "abc00001",
                        "Paid": false, "PayLimit": null, "PaymentClassID": 200,
                    })
                };
                let bills: Vec<Value> = self.bills.iter().map(bill).collect();
                good(json!({ "ResponsedAt": "2022-09-02T09:00:00+09:00", "Count": bills.len(), "Bills": bills }))
            }
            ["billdetail", "abc00001", id, rest @ ..] => {
                let Some(bill) = self.bills.iter().find(|bill| bill.id.to_string() == **id) else {
                    return not_found();
                };
                match rest {
                    ["csv"] => good(json!({
                        "Count": bill.rows.len(), "ResponsedAt": "2022-09-02T09:00:00+09:00",
                        "Filename": "sakura_cloud_2022_08.csv", "Body": bill.csv(),
                    })),
                    [] => {
                        let row = |row: &Row| {
                            json!({
                                "ContractID": self.id(row.1), "Index": row.0, "ServiceClassID": self.id(row.2), "Zone": row.4,
                                "Usage": (row.5 * 24 + row.6) * 3600, "Amount": self.amount(row.7 + row.7 / 10),
                            })
                        };
                        let rows: Vec<Value> = bill.rows.iter().map(row).collect();
                        good(json!({ "Count": rows.len(), "BillDetails": rows }))
                    }
                    _ => not_found(),
                }
            }
            _ => not_found(),
        }
    }
}

/// The parameters: a JSON object in place of the query.
fn query(asked: &Asked) -> Value {
    let mut bytes = Vec::new();
    let mut rest = asked.query.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        match (first, more) {
            (b'%', [high, low, more @ ..]) => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                rest = more;
            }
            _ => bytes.push(*first),
        }
    }
    if bytes.is_empty() { json!({}) } else { serde_json::from_slice(&bytes).unwrap() }
}

/// A page of a list: `From`, `Count`, `Include` and tags in `Filter` are honoured.
fn page(key: &str, rows: &[Value], query: &Value) -> Reply {
    let has = |row: &Value, tag: &Value| row["Tags"].as_array().is_some_and(|tags| tags.contains(tag));
    // Alternatives, each a tag or several that must all be there.
    let tagged = |row: &&Value| match query["Filter"]["Tags.Name"].as_array() {
        Some(alternatives) => alternatives.iter().any(|tags| match tags.as_array() {
            Some(tags) => tags.iter().all(|tag| has(row, tag)),
            None => has(row, tags),
        }),
        None => true,
    };
    let rows: Vec<&Value> = rows.iter().filter(tagged).collect();
    let number = |name: &str| query[name].as_u64().map(|number| usize::try_from(number).unwrap());
    let from = number("From").unwrap_or(0).min(rows.len());
    let count = number("Count").filter(|count| *count > 0).unwrap_or(rows.len());
    let include = query["Include"].as_array();
    let shown = |row: &&Value| match include {
        None => (*row).clone(),
        Some(fields) => {
            let fields = fields.iter().map(|field| field.as_str().unwrap());
            fields.filter_map(|field| Some((field.to_owned(), row.get(field)?.clone()))).collect()
        }
    };
    let shown: Vec<Value> = rows[from..].iter().take(count).map(shown).collect();
    good(json!({ "From": from, "Count": shown.len(), "Total": rows.len(), key: shown }))
}

fn good(mut answer: Value) -> Reply {
    answer["is_ok"] = true.into();
    Reply::json(answer.to_string())
}

fn not_found() -> Reply {
    refusal(404, "404 NotFound", "not_found", "対象が見つかりません。")
}

/// An error as the API sends it.
pub(crate) fn refusal(status: u16, text: &str, code: &str, message: &str) -> Reply {
    let body = json!({ "is_fatal": true, "serial": "0123456789abcdef", "status": text, "error_code": code, "error_msg": message });
    Reply::json(body.to_string()).with_status(status)
}
