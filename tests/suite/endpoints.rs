//! Keys go to their provider, or where the user lets them go; never where only a workspace says.

use crate::common::Sandbox;
use crate::fake_kore::{self, CLIENT};
use crate::http_server::Server;
use crate::sakura_cloud::{Cloud, SECRET, TOKEN};
use crate::{kore_api, sakura_api, soracom_api};

/// Nothing is allowed by the environment.
const NOTHING: (&str, &str) = ("INVOICER_ALLOW_ENDPOINT", "");

/// A workspace whose endpoint is a server here, with keys in the environment, and the environment's variable for an
/// endpoint, where the provider's tools have one.
struct Case {
    name: &'static str,
    server: Server,
    sandbox: Sandbox,
    keys: [(&'static str, &'static str); 2],
    variable: Option<&'static str>,
}

fn cases() -> [Case; 3] {
    let soracom = soracom_api::soracom(|_, _| None);
    let sakura = Cloud::in_july().serve(|_, _| None);
    let (kore, _) = fake_kore::start(&[]);
    [
        Case {
            name: "SORACOM",
            sandbox: soracom_api::workspace(&soracom),
            server: soracom,
            keys: soracom_api::KEYS,
            variable: Some("SORACOM_ENDPOINT"),
        },
        Case {
            name: "SAKURA Cloud",
            sandbox: sakura_api::workspace(&sakura),
            server: sakura,
            keys: sakura_api::KEYS,
            variable: Some("SAKURA_API_ROOT_URL"),
        },
        Case {
            name: "KORE",
            sandbox: kore_api::workspace(&kore.url(), ""),
            server: kore,
            keys: kore_api::KEYS,
            variable: None,
        },
    ]
}

impl Case {
    fn host(&self) -> String {
        self.server.url().strip_prefix("http://").unwrap().to_owned()
    }

    /// Runs with the keys and these variables; says whether the server was asked, and what was told.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (bool, i32, String) {
        let before = self.server.asked().len();
        let run = self.sandbox.run_with(arguments, &[&[NOTHING], &self.keys[..], variables].concat());
        (self.server.asked().len() > before, run.code, run.stderr)
    }

    fn assert_refused(&self, arguments: &[&str], variables: &[(&str, &str)]) {
        let (asked, code, told) = self.run(arguments, variables);
        let expected = format!("would send keys to {}, which is not {}'s", self.host(), self.name);
        assert!(!asked && code == 1 && told.contains(&expected), "{arguments:?} {variables:?}: {code}, {told}");
        assert!(told.contains("invoicer.toml:") && told.contains("--allow-endpoint"), "{told}");
    }

    fn assert_allowed(&self, arguments: &[&str], variables: &[(&str, &str)]) {
        let (asked, _, told) = self.run(arguments, variables);
        assert!(asked && !told.contains("would send keys"), "{arguments:?} {variables:?}: {told}");
    }
}

/// KORE keeps usage for 18 months, so that its part of a month of 2022 ends before anything is asked; its other months too.
fn asks(case: &Case) -> bool {
    case.name != "KORE"
}

#[test]
fn a_workspace_alone_sends_keys_nowhere_else() {
    for case in cases().iter().filter(|case| asks(case)) {
        let port = case.host().rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
        let elsewhere = format!("127.0.0.1:{}", port ^ 1);
        for command in [&["fetch", "202208", "--force"][..], &["build", "202208"], &["status"]] {
            case.assert_refused(command, &[]);
            for other in [elsewhere.as_str(), "localhost", "api.soracom.io", "127.0.0.2"] {
                case.assert_refused(&[command, &["--allow-endpoint", other]].concat(), &[]);
                case.assert_refused(command, &[("INVOICER_ALLOW_ENDPOINT", other)]);
            }
        }
        for command in [&["fetch", "202208", "--force"][..], &["status"]] {
            let host = case.host();
            case.assert_allowed(&[command, &["--allow-endpoint", &host]].concat(), &[]);
            case.assert_allowed(
                &[command, &["--allow-endpoint", "x.example", "--allow-endpoint", "127.0.0.1"]].concat(),
                &[],
            );
            case.assert_allowed(command, &[("INVOICER_ALLOW_ENDPOINT", "x.example, 127.0.0.1")]);
            let variable = case.variable.unwrap();
            case.assert_allowed(command, &[(variable, case.server.url().as_str())]);
            case.assert_refused(command, &[(variable, "http://127.0.0.1:1")]);
        }
        case.assert_refused(&["reconcile", "202208", "--fetch"], &[]);
        case.assert_allowed(&["reconcile", "202208", "--fetch", "--allow-endpoint", "127.0.0.1"], &[]);
    }
}

#[test]
fn the_users_own_configuration_allows_hosts() {
    for case in cases().iter().filter(|case| asks(case)) {
        let path = "home/.config/invoicer/allow-endpoint";
        case.sandbox.write(path, format!("# servers of ours\nx.example\n\n{} # a test\n", case.host()));
        case.assert_allowed(&["status"], &[]);
        case.sandbox.write(path, "x.example\n");
        case.assert_refused(&["status"], &[]);
        case.sandbox.write(path, "x.example\nhttps://y.example\n");
        let (asked, code, told) = case.run(&["status"], &[]);
        assert!(!asked && code == 1 && told.contains("allow-endpoint:2"), "{told}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            case.sandbox.write(path, "127.0.0.1\n");
            let full = case.sandbox.path().join(path);
            std::fs::set_permissions(full, std::fs::Permissions::from_mode(0o666)).unwrap();
            let (asked, code, told) = case.run(&["status"], &[]);
            assert!(!asked && code == 1 && told.contains("can change the list of allowed hosts"), "{told}");
        }
    }
}

/// Names that look like a provider's are not the provider's, nor are its hosts at other ports: nothing is asked, so that
/// these tests need no network.
#[test]
fn a_host_that_looks_like_the_providers_is_not() {
    for (case, hosts) in cases().iter().filter(|case| asks(case)).zip([
        [
            "api.soracom.io.evil.example",
            "evil-api.soracom.io",
            "x.napter.soracom.io",
            "api.soracom.io:8443",
            "api.soracom.io.",
        ],
        [
            "secure.sakura.ad.jp.evil.example",
            "sakura.ad.jp",
            "secure.sakura.ad.jp:8443",
            "secure.sakura.ad.jp.",
            "x.jp",
        ],
    ]) {
        let toml = String::from_utf8(case.sandbox.read("invoicer.toml")).unwrap();
        for host in hosts {
            case.sandbox.write("invoicer.toml", toml.replace(&case.server.url(), &format!("https://{host}")));
            let (_, code, told) = case.run(&["status"], &[]);
            assert!(code == 1 && told.contains(&format!("would send keys to {host}, which is not")), "{host}: {told}");
        }
    }
}

#[test]
fn a_profile_allows_the_endpoint_it_names() {
    let [soracom, sakura, kore] = cases();
    let url = |case: &Case| case.server.url();
    for (case, path, keys) in [
        (
            &soracom,
            "home/.soracom/shop.json",
            r#""authKeyId":"keyId-hunter1","authKey":"secret-hunter2","endpoint":"ENDPOINT""#.to_owned(),
        ),
        (
            &sakura,
            "home/.usacloud/shop/config.json",
            format!(r#""AccessToken":"{TOKEN}","AccessTokenSecret":"{SECRET}","APIRootURL":"ENDPOINT""#),
        ),
    ] {
        let toml = String::from_utf8(case.sandbox.read("invoicer.toml")).unwrap();
        case.sandbox.write("invoicer.toml", format!("{toml}profile = \"shop\"\n"));
        let write = |endpoint: &str| {
            case.sandbox.write(path, format!("{{{}}}", keys.replace("ENDPOINT", endpoint)));
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let full = case.sandbox.path().join(path);
                std::fs::set_permissions(full, std::fs::Permissions::from_mode(0o600)).unwrap();
            }
        };
        write(&url(case));
        case.assert_allowed(&["status"], &[]);
        write("");
        case.assert_refused(&["status"], &[]);
        write("https://x.example");
        case.assert_refused(&["status"], &[]);
    }

    // KORE's months are asked for in this process, where it is 2022.
    let profile =
        format!(r#"{{"client_id": {:?}, "client_secret": {:?}, "endpoint": {:?}}}"#, CLIENT.0, CLIENT.1, url(&kore));
    let sandbox = kore_api::workspace(&url(&kore), "profile = \"shop\"");
    let path = "home/.config/invoicer/kore/shop.json";
    for (text, allowed) in [(profile.replace(&url(&kore), "https://x.example"), false), (profile, true)] {
        sandbox.write(path, text);
        kore_api::restrict(&sandbox, path, 0o600);
        let result = kore_api::fetched(&sandbox, &kore_api::TRUSTING_NOBODY);
        assert_eq!(result.is_ok(), allowed, "{result:?}");
        assert!(allowed || result.unwrap_err().contains("which is not KORE's"));
    }
}

/// As in a container that has nothing but the program: no key leaves, and the way out is named.
#[test]
fn a_system_without_root_certificates_is_refused() {
    for case in cases().iter().filter(|case| asks(case)) {
        let variables = [("INVOICER_ALLOW_ENDPOINT", "127.0.0.1"), ("SSL_CERT_FILE", "/nonexistent/roots.pem")];
        let (asked, code, told) = case.run(&["fetch", "202208", "--force"], &variables);
        assert!(!asked && code == 2, "{}: {code}, {told}", case.name);
        let words =
            ["cannot begin a connection: ", "No CA certificates", "hint: install the system's root certificates"];
        assert!(words.iter().all(|words| told.contains(words)), "{}: {told}", case.name);
        assert!(
            told.contains("(Debian: ca-certificates), or set SSL_CERT_FILE to a PEM file"),
            "{}: {told}",
            case.name
        );
    }
}
