//! What accounts departments look for: subject, code and contract, the issuer in the reader's language, and the account to
//! pay to, by currency and customer.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Run, Sandbox, copy_tree};

fn good(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    run
}

/// Two customers in yen and one in dollars, who reads English.
const WORKSPACE: &str = r#"
[issuer]
name = "サンプル通信株式会社"
registration-number = "T7000012050002"
address = ["東京都千代田区千代田1-1"]
phone = "03-0000-0000"

[issuer.en]
name = "Sample Communications Inc."
address = ["1-1 Chiyoda, Tokyo"]

[[issuer.bank]]
bank = { ja = "サンプル銀行", en = "Sample Bank" }
branch = { ja = "本店", en = "Head Office" }
type = "普通"
number = "１２３４５６７"
name = { ja = "サンプルツウシン(カ", en = "SAMPLE TSUSHIN K.K." }

[[issuer.bank]]
bank = "サンプル銀行"
branch = "振込専用支店"
type = "ordinary"
number = "9000012"
name = "サンプルツウシン(カ"
for = ["bravo"]

[[issuer.bank]]
bank = { ja = "サンプル銀行", en = "Sample Bank" }
name = "SAMPLE TSUSHIN K.K."
iban = "de89 3704 0044 0532 0130 00"
bic = "smpldeff"
currency = "USD"

[invoice]
subject = { ja = "{month-name}分 {customer-name}様 回線料", en = "Lines of {customer-name}, {month-name}" }

[[fx]]
month = "202208"
from = "JPY"
to = "USD"
rate = "0.0072"

[[fx]]
month = "202208"
from = "USD"
to = "JPY"
rate = "138.70"

[[source]]
name = "soracom"
kind = "soracom-csv"
path = "billing/{month}/soracom*.csv"
"#;

fn workspace(design: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", WORKSPACE.replace("[invoice]", &format!("[invoice]\ntemplate = \"{design}\"")));
    let customer = |id: &str, name: &str, top: &str, invoice: &str| {
        let rule = format!("[[match]]\ntag = {{ customer = \"{id}\" }}\n");
        sandbox
            .write(&format!("customers/{id}.toml"), format!("name = \"{name}\"\n{top}\n{rule}[invoice]\n{invoice}\n"));
    };
    customer("acme", "アクメ株式会社", "code = \"C-0012\"\nreference = \"2021-33\"", "");
    customer(
        "bravo",
        "ブラボー株式会社",
        "",
        "subjects = { \"202208\" = \"8月だけの件名\", \"202209\" = \"翌月の件名\" }",
    );
    customer("nordlys", "Nordlys AS", "", "currency = \"USD\"\nlanguage = \"en\"");
    let rows = ["acme", "bravo", "nordlys"].map(|id| format!("1,20220801,basicCharge,1000,1,1000,{id}\n")).concat();
    sandbox.write(
        "billing/202208/soracom.csv",
        format!("imsi,date,billItemName,unitPrice,quantity,amount,customer\n{rows}"),
    );
    sandbox
}

fn html(sandbox: &Sandbox, id: &str) -> String {
    String::from_utf8(sandbox.read(&format!("out/202208/{id}/INV-202208-{id}.html"))).unwrap()
}

/// The text of a page, the pieces that units keep together joined.
fn text(html: &str) -> String {
    let body = html.split_once("</style>").unwrap().1;
    let pieces = body.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    pieces.collect::<String>().split_whitespace().collect::<Vec<&str>>().join(" ")
}

#[test]
fn pages_say_subject_code_contract_and_the_account_of_the_currency_and_customer() {
    for design in ["classic", "modern"] {
        let sandbox = workspace(design);
        let run = good(sandbox.run(&["build", "202208", "--format", "html,pdf"]));
        assert!(!run.stderr.contains("no-account"), "{}", run.stderr);
        let says = |id: &str, wanted: &[&str], unwanted: &[&str]| {
            let text = text(&html(&sandbox, id));
            for words in wanted {
                assert!(text.contains(words), "{design} {id}: no {words:?} in {text}");
            }
            for words in unwanted {
                assert!(!text.contains(words), "{design} {id}: {words:?} in {text}");
            }
        };
        let everybodys = "サンプル銀行 本店 普通 1234567 サンプルツウシン(カ";
        let bravos = "サンプル銀行 振込専用支店 普通 9000012 サンプルツウシン(カ";
        let named = ["2022年8月分 アクメ株式会社様 回線料", "お客様コード", "C-0012", "ご契約番号", "2021-33"];
        let of_everybody = [everybodys, "サンプル通信株式会社", "東京都千代田区千代田1-1", "03-0000-0000"];
        says("acme", &[&named[..], &of_everybody].concat(), &["振込専用支店", "IBAN", "USD", "Sample"]);
        says("bravo", &["8月だけの件名", bravos], &["1234567", "お客様コード", "ご契約番号", "翌月の"]);
        // 1,000 × 0.0072 = 7.20; 10 % of it 0.72.
        let account = "Sample Bank, SAMPLE TSUSHIN K.K. IBAN DE89 3704 0044 0532 0130 00 (USD), SWIFT/BIC SMPLDEFF";
        let english = ["Lines of Nordlys AS, August 2022", "Sample Communications Inc.", "1-1 Chiyoda, Tokyo", account];
        let dollars = ["$7.92 USD", "T7000012050002", "03-0000-0000"];
        says("nordlys", &[&english[..], &dollars].concat(), &["サンプル", "1234567", "Customer code", "Contract"]);
    }
}

#[test]
fn the_invoice_json_has_what_the_pages_say() {
    let sandbox = workspace("classic");
    good(sandbox.run(&["build", "202208", "--format", "json"]));
    let record = |id: &str| sandbox.json(&format!("out/202208/{id}/INV-202208-{id}.json"));
    let (acme, bravo, nordlys) = (record("acme"), record("bravo"), record("nordlys"));
    assert_eq!(acme["subject"], "2022年8月分 アクメ株式会社様 回線料");
    assert_eq!((&acme["customer"]["code"], &acme["customer"]["reference"]), (&json!("C-0012"), &json!("2021-33")));
    let bank = json!({
        "bank": "サンプル銀行", "branch": "本店", "type": "ordinary", "number": "1234567", "name": "サンプルツウシン(カ",
        "bic": null, "iban": null, "currency": "JPY",
    });
    assert_eq!((&acme["issuer"]["banks"], &acme["issuer"]["bank_accounts"]), (&json!([bank]), &json!([])));
    assert_eq!(bravo["issuer"]["banks"][0]["number"], "9000012");
    assert!(bravo["customer"].get("code").is_none() && bravo["issuer"]["banks"].as_array().unwrap().len() == 1);
    assert_eq!(nordlys["issuer"]["name"], "Sample Communications Inc.");
    let bank = &nordlys["issuer"]["banks"][0];
    assert_eq!((&bank["bank"], &bank["iban"]), (&json!("Sample Bank"), &json!("DE89370400440532013000")));
    // Whom else an account is for is nobody's business.
    assert!(!nordlys.to_string().contains("bravo") && bank.get("for").is_none());
}

#[test]
fn lines_of_ones_own_are_printed_where_no_account_fits() {
    let sandbox = workspace("classic");
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let lines = "bank-accounts = [\"見本信用金庫 当座 0012345\"]\n";
    let in_yen = settings.replace("currency = \"USD\"", "currency = \"EUR\"");
    sandbox.write("invoicer.toml", in_yen.replace("phone = ", &format!("{lines}phone = ")));
    good(sandbox.run(&["build", "202208", "--format", "html,json"]));
    assert!(text(&html(&sandbox, "nordlys")).contains("見本信用金庫 当座 0012345"));
    assert!(!text(&html(&sandbox, "acme")).contains("見本信用金庫"));
    let issuer = &sandbox.json("out/202208/nordlys/INV-202208-nordlys.json")["issuer"];
    assert!(
        issuer.get("banks").is_none() && issuer["bank_accounts"] == json!(["見本信用金庫 当座 0012345"]),
        "{issuer}"
    );
    // Without them nothing tells the customer where to pay.
    sandbox.write("invoicer.toml", in_yen);
    let run = good(sandbox.run(&["check", "202208"]));
    let expected = "warning[no-account]: the invoices of \"nordlys\" are in USD and name no account to pay to";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
}

#[test]
fn a_credit_note_has_the_subject_of_its_invoice() {
    let sandbox = workspace("modern");
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["issue", "202208", "-q"]));
    for (id, expected) in [
        ("acme", "2022年8月分 アクメ株式会社様 回線料のご返還"),
        ("nordlys", "Credit for: Lines of Nordlys AS, August 2022"),
    ] {
        good(sandbox.run(&["credit", &format!("INV-202208-{id}"), "--reason", "x", "--date", "2022-09-20", "-q"]));
        let note = String::from_utf8(sandbox.read(&format!("out/202208/{id}/CN-INV-202208-{id}.html"))).unwrap();
        assert!(text(&note).contains(expected), "{}", text(&note));
    }
    good(sandbox.run(&["verify", "202208"]));
}

/// `tests/data/record-format-3`: 2 × 10 of basicCharge and 10 for data in yen, 1,000 in dollars, 2.5 messages at 10, and a
/// gateway that two customers share 1 to 2, issued; 5 of a line and the one part of the gateway taken back. The hashes in
/// its records are those of the files made then, when a share was no fraction yet, and a price was printed beside a quantity
/// whatever they gave: 3 × 11.5 = 34.5 is not 2.5 × 11.5 = 28.75, up to 29.
#[test]
fn months_issued_before_these_keys_are_made_again_to_the_byte() {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/record-format-3"), sandbox.path());
    good(sandbox.run(&["build", "202207", "--format", "json,csv"]));
    let invoice = sandbox.json("out/202207/nordlys/INV-202207-0002.json");
    assert!(invoice["issuer"].get("banks").is_none() && invoice.get("subject").is_none(), "{invoice}");
    let note: Value = sandbox.json("out/202207/acme/CN-INV-202207-0001.json");
    assert_eq!((&note["items"][0]["amount"], &note["original"].as_object().unwrap().len()), (&json!("-5"), &3));
    let printed = |path: &str, item: usize| sandbox.json(path)["items"][item]["printed"].clone();
    let expected = json!({ "quantity": "3", "unit": "", "unit_price": "11.5" });
    assert_eq!(printed("out/202207/opal/INV-202207-0003.json", 0), expected);
    for (path, item, quantity) in [
        ("opal/INV-202207-0003", 1, "0.3333"),
        ("pine/INV-202207-0004", 0, "0.6667"),
        ("opal/CN-INV-202207-0003", 0, "-0.3333"),
    ] {
        let expected = json!({ "quantity": quantity, "unit": "", "unit_price": null });
        assert_eq!(printed(&format!("out/202207/{path}.json"), item), expected);
    }
    // Credit notes counted their lines themselves, so `explain` names the invoice's beside them: 1,150 ÷ 3, up to 384.
    let run = good(sandbox.run(&["explain", "CN-INV-202207-0003", "1"]));
    assert!(run.stdout.contains("line  item                   invoice's line  invoiced"), "{}", run.stdout);
    assert!(run.stdout.contains("   1  virtualPrivateGateway               2       384"), "{}", run.stdout);
    let csv = String::from_utf8(sandbox.read("out/202207/opal/CN-INV-202207-0003.csv")).unwrap();
    assert!(csv.lines().next().unwrap().ends_with(",heading"), "{csv}");
}
