//! Base URLs of providers' APIs: HTTPS, or plain HTTP on this machine only.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// Whether a URL's host is this machine.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// Parses a base URL.
///
/// # Errors
/// When it is not a URL, not HTTPS (plain HTTP is for this machine only), or contains credentials.
pub fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "expected a URL such as \"https://api.soracom.io\"".to_owned())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an endpoint holds no user name or password".to_owned());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        _ => Err("expected an endpoint that begins with https:// (http:// is for this machine only)".to_owned()),
    }
}

/// A host that the user allows credentials to be sent to, on any port or on one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    host: String,
    port: Option<u16>,
}

impl AllowedHost {
    /// Host and port of a URL.
    pub fn of(url: &Url) -> AllowedHost {
        AllowedHost { host: url.host_str().unwrap_or_default().to_owned(), port: url.port() }
    }

    /// Whether a URL's host and port are allowed.
    pub fn covers(&self, url: &Url) -> bool {
        url.host_str() == Some(&self.host) && self.port.is_none_or(|port| url.port_or_known_default() == Some(port))
    }
}

impl FromStr for AllowedHost {
    type Err = String;

    fn from_str(text: &str) -> Result<AllowedHost, String> {
        let expected = || format!("expected a host such as proxy.example.jp or 127.0.0.1:4010, found {text:?}");
        if text.contains(['/', '\\', '?', '#', '@', '*']) || text.contains(char::is_whitespace) {
            return Err(expected());
        }
        // Normalizes the host as URLs do, so that `covers` compares one form.
        let url = Url::parse(&format!("https://{text}")).map_err(|_| expected())?;
        let digits = text.rsplit_once(':').map(|(_, digits)| digits).filter(|digits| !digits.contains(']'));
        let port = digits.map(|digits| digits.parse().map_err(|_| expected())).transpose()?;
        Ok(AllowedHost { host: url.host_str().ok_or_else(expected)?.to_owned(), port })
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_covers_its_ports_or_one_of_them() {
        for (host, covered, others) in [
            (
                "Proxy.example.jp",
                &["https://proxy.example.jp/x", "https://proxy.example.jp:8443"][..],
                &[
                    "https://example.jp",
                    "https://a.proxy.example.jp",
                    "https://proxy.example.jp.evil.example",
                    "https://proxy.example.jp.",
                ][..],
            ),
            ("proxy.example.jp:443", &["https://proxy.example.jp"], &["https://proxy.example.jp:8443"]),
            ("127.0.0.1:4010", &["http://127.0.0.1:4010"], &["http://127.0.0.1:4011", "http://localhost:4010"]),
            ("[::1]", &["http://[::1]:4010"], &["http://127.0.0.1:4010"]),
            ("[::1]:4010", &["http://[::1]:4010"], &["http://[::1]:4011"]),
        ] {
            let allowed: AllowedHost = host.parse().unwrap();
            let covers = |url: &&str| allowed.covers(&Url::parse(url).unwrap());
            assert!(covered.iter().all(covers), "{host}");
            assert!(!others.iter().any(covers), "{host}");
        }
        for text in ["", "https://a", "a/b", "a@b", "a b", "a:x", "a:70000", "*.example.jp", ":443"] {
            assert!(text.parse::<AllowedHost>().is_err(), "{text}");
        }
    }
}
