//! Base URLs of providers' APIs: HTTPS, or plain HTTP to this machine.

use url::Url;

/// Whether a URL leads to this machine.
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

/// The base URL that a text names.
///
/// # Errors
/// When it is no URL, not HTTPS (plain HTTP is for this machine only), or carries credentials.
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
