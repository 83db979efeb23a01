//! Our SORACOM against others' understanding of the API. `tests/soracom/check` installs what these need and runs them.

use std::process::Command;

use crate::http_server::{Asked, Reply};
use crate::prism::Prism;
use crate::soracom_api::{fetched, soracom, workspace_at};

/// The parts that a month need not have, so that each of them is checked too.
fn complete(asked: &Asked) -> Option<Reply> {
    let body = match asked.path.as_str() {
        "/v1/bills/latest" => r#"{"amount":12.5,"currency":"JPY","lastEvaluatedTime":"20220910085320"}"#,
        "/v1/bills/summaries/bill_items" => {
            r#"[{"yearMonth":"202208","currency":"JPY","updatedTime":1662800000,
            "costBreakdownList":[{"billItemCategory":"air","billItemName":"basicCharge","amount":465}]}]"#
        }
        "/v1/bills/summaries/sims" => {
            r#"[{"yearMonth":"202208","currency":"JPY","updatedTime":1662800000,
            "costBreakdownList":[{"simId":"8981100000000000001","amount":310},{"simId":"8981100000000000002","amount":155}]}]"#
        }
        "/v1/coupons" => r#"{"couponList":[]}"#,
        "/v1/volume_discounts" => r#"{"volumeDiscountList":[]}"#,
        _ => return None,
    };
    Some(Reply::json(body))
}

fn document() -> serde_json::Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/soracom.openapi.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
#[ignore = "needs Prism: run tests/soracom/check"]
fn soracom_others_requests_and_answers_are_as_the_openapi_document_says() {
    let server = soracom(|asked, _| complete(asked));
    let prism = Prism::start(&document(), &server);
    let sandbox = workspace_at(&prism.url);
    fetched(&sandbox, false).unwrap();
    for name in ["bill", "bills", "daily", "latest", "summary-items", "summary-sims", "coupons", "volume-discounts"] {
        assert!(sandbox.path().join(format!("billing/202208/soracom/{name}.json")).is_file(), "{name}");
    }
    assert_eq!(sandbox.run(&["reconcile", "202208"]).code, 0);

    // That it refuses what is not: an answer whose list is none.
    let server = soracom(|asked, _| match asked.path.as_str() {
        "/v1/bills" => Some(Reply::json(r#"{"billList":{}}"#)),
        _ => complete(asked),
    });
    let prism = Prism::start(&document(), &server);
    assert!(fetched(&workspace_at(&prism.url), false).unwrap_err().contains("status 500"));
}

#[test]
#[ignore = "needs SORACOM's client library: run tests/soracom/check"]
fn soracom_others_client_reads_our_soracom() {
    let server = soracom(|asked, _| complete(asked));
    let python =
        std::env::var("INVOICER_SORACOM_PYTHON").expect("INVOICER_SORACOM_PYTHON names a Python with soracom-api");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/soracom/soracom_client.py");
    let output =
        Command::new(python).args([script, &server.url(), "keyId-hunter1", "secret-hunter2"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).unwrap();
    let expected = [
        "bill 202208 461.0 JPY closed",
        "months 202208",
        "day 20220801 465.0",
        &format!("export {}/download", server.url()),
    ];
    assert_eq!(listed.lines().collect::<Vec<&str>>(), expected);
}
