//! [`log_in`]: says to a mail server who sends, by the first mechanism that it offers and takes.

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::extension::ServerInfo;
use lettre::transport::smtp::response::Response;

use super::connection::{Fault, Route};
use super::session::unexpected;
use super::wire::Wire;
use crate::model::mail::Login;

/// Logs in as the route says. The password is sent only through an encrypted connection.
///
/// # Errors
/// A server that offers or takes none of the mechanisms, or refuses the user name or the password.
pub(super) fn log_in(wire: &mut Wire, server: &ServerInfo, route: &Route) -> Result<(), Fault> {
    let mechanisms: &[Mechanism] = match route.login {
        Login::None => return Ok(()),
        Login::Password => &[Mechanism::Plain, Mechanism::Login],
        Login::OAuth2 => &[Mechanism::Xoauth2],
    };
    let Some(secret) = &route.secret else { return Err(Fault::new("there is no password")) };
    if !wire.is_encrypted() {
        return Err(Fault::new("the connection is not encrypted"));
    }
    let names = mechanisms.iter().map(Mechanism::to_string).collect::<Vec<String>>().join(" or ");
    let offered = mechanisms.iter().copied().filter(|mechanism| server.supports_auth_mechanism(*mechanism));
    let credentials = Credentials::new(route.username.clone(), secret.expose().to_owned());
    match accepted(wire, offered, &credentials) {
        None => Err(Fault::new(format!("the server offers no AUTH {names}"))),
        Some(result) => result.map_err(|fault| Fault {
            reply: format!("the login as {:?} failed: {}", route.username, fault.reply),
            ..fault
        }),
    }
}

/// Status of a mechanism that the server does not take, though it may offer it (RFC 4954, 4): it says nothing of the
/// password, as 535 does, after which no other mechanism is tried.
const NOT_THIS_WAY: u16 = 504;

/// Logs in by the first mechanism that the server takes; nothing where there is none to try.
fn accepted(
    wire: &mut Wire,
    mechanisms: impl Iterator<Item = Mechanism>,
    credentials: &Credentials,
) -> Option<Result<(), Fault>> {
    let mut last = None;
    for mechanism in mechanisms {
        let fault = match authenticated(wire, mechanism, credentials) {
            Ok(response) if response.has_code(235) => return Some(Ok(())),
            Ok(response) => unexpected(&response),
            Err(fault) => fault,
        };
        let is_over = fault.status != Some(NOT_THIS_WAY);
        last = Some(Err(fault));
        if is_over {
            break;
        }
    }
    last
}

/// Most questions of a server about a login: LOGIN asks for the name and the password.
const CHALLENGES: usize = 4;

fn authenticated(wire: &mut Wire, mechanism: Mechanism, credentials: &Credentials) -> Result<Response, Fault> {
    let fault = |error: lettre::transport::smtp::Error| Fault::new(error.to_string());
    let mut response = wire.command(Auth::new(mechanism, credentials.clone(), None).map_err(fault)?)?;
    for _ in 0..CHALLENGES {
        if !response.has_code(334) {
            break;
        }
        response = match mechanism {
            // A token that is refused has its reason in a challenge, which an empty answer ends.
            Mechanism::Xoauth2 => wire.command("\r\n")?,
            _ => {
                let answer = Auth::new_from_response(mechanism, credentials.clone(), &response).map_err(fault)?;
                wire.command(answer)?
            }
        };
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    use super::*;

    /// The commands that a server with these answers hears, and what the login comes to. The tests' servers have no
    /// certificates, and without one no password is sent: the connection alone is in the clear here.
    fn login(answers: &'static [&'static str]) -> (Vec<String>, Option<Result<(), Fault>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"220 test\r\n").unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let mut heard = Vec::new();
            for (line, answer) in lines.zip(answers) {
                heard.push(line);
                stream.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
                if heard.len() == answers.len() {
                    break;
                }
            }
            heard
        });
        let mut wire = Wire::connect(("127.0.0.1", port), Duration::from_secs(20), None).unwrap();
        let credentials = Credentials::new("billing".to_owned(), "secret".to_owned());
        let result = accepted(&mut wire, [Mechanism::Plain, Mechanism::Login].into_iter(), &credentials);
        drop(wire);
        (server.join().unwrap(), result)
    }

    /// RFC 4954: 504 is about the mechanism, 535 about the password.
    #[test]
    fn a_mechanism_that_is_offered_and_not_taken_is_no_refusal_of_the_password() {
        // base64 of NUL billing NUL secret, of billing, and of secret, by Python.
        let plain = "AUTH PLAIN AGJpbGxpbmcAc2VjcmV0";
        let (heard, result) = login(&["504 5.5.4 not this way", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 welcome"]);
        assert_eq!(heard, [plain, "AUTH LOGIN", "YmlsbGluZw==", "c2VjcmV0"]);
        assert_eq!(result, Some(Ok(())));
        for (answer, status) in [("535 5.7.8 wrong", 535), ("534 5.7.9 weak", 534), ("454 4.7.0 later", 454)] {
            let (heard, result) = login(Box::leak(Box::new([answer])));
            assert_eq!(heard, [plain]);
            assert_eq!(result.unwrap().unwrap_err().status, Some(status));
        }
        let (heard, result) = login(&["504 no", "504 no"]);
        assert_eq!((heard.len(), result.unwrap().unwrap_err().status), (2, Some(504)));
    }
}
