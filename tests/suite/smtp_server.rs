//! A mail server on loopback that does at each step what a test wants, faults included, and keeps what it accepted.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What the client has done: connected (`CONNECT`), sent a command, or ended a message (`BODY`).
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) verb: String,
    /// The command after its verb.
    pub(crate) rest: String,
    /// How often that verb was asked before, over all connections.
    pub(crate) times: usize,
}

/// What the server does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// What a server does when all is well.
    Usual,
    /// Answers that.
    Say(&'static str),
    /// Answers that and closes.
    SayAndClose(&'static str),
    /// Closes without a word.
    Close,
    /// Asks for the message and closes when it has its first byte.
    CloseInBody,
    /// Sends the beginning of an answer and closes.
    Cut(&'static str),
    /// Says nothing until the client gives up.
    Silent,
}

/// A message that the server accepted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) bytes: Vec<u8>,
}

impl Received {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    /// A header's value on one line.
    pub(crate) fn header(&self, name: &str) -> String {
        let text = self.text().replace("\r\n ", " ");
        let start = format!("{name}: ");
        text.lines()
            .take_while(|line| !line.is_empty())
            .find_map(|line| line.strip_prefix(&start))
            .unwrap_or("")
            .to_owned()
    }
}

type Answer = dyn Fn(&Asked) -> Act + Send + Sync;

#[derive(Default)]
struct Log {
    asked: Mutex<Vec<Asked>>,
    received: Mutex<Vec<Received>>,
    connections: AtomicUsize,
}

/// A running server; it ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    log: Arc<Log>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (log, stopping) = (Arc::new(Log::default()), Arc::new(AtomicBool::new(false)));
        let answer: Arc<Answer> = Arc::new(answer);
        let thread = std::thread::spawn({
            let (log, stopping) = (log.clone(), stopping.clone());
            move || {
                for stream in listener.incoming() {
                    if stopping.load(Ordering::SeqCst) {
                        return;
                    }
                    log.connections.fetch_add(1, Ordering::SeqCst);
                    let (log, answer) = (log.clone(), answer.clone());
                    std::thread::spawn(move || serve(stream.unwrap(), &log, &*answer));
                }
            }
        });
        Server { address, log, stopping, thread: Some(thread) }
    }

    /// A server that accepts everything.
    pub(crate) fn good() -> Server {
        Server::start(|_| Act::Usual)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// What it accepted, in order.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.log.received.lock().unwrap().clone()
    }

    /// The commands, as `VERB rest`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.log.asked.lock().unwrap();
        asked.iter().map(|asked| format!("{} {}", asked.verb, asked.rest).trim_end().to_owned()).collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Whether the connection goes on.
fn act(stream: &mut TcpStream, act: Act, usual: &str) -> bool {
    match act {
        Act::Usual => stream.write_all(usual.as_bytes()).is_ok(),
        Act::Say(text) => stream.write_all(format!("{text}\r\n").as_bytes()).is_ok(),
        Act::SayAndClose(text) => {
            let _ = stream.write_all(format!("{text}\r\n").as_bytes());
            false
        }
        Act::Cut(text) => {
            let _ = stream.write_all(text.as_bytes());
            false
        }
        Act::Close => false,
        Act::CloseInBody => {
            let _ = stream.write_all(b"354 go ahead\r\n");
            // What is not read makes the system reset the connection.
            let _ = stream.read(&mut [0]);
            false
        }
        Act::Silent => {
            // The client's end of the connection ends this.
            let _ = stream.read_to_end(&mut Vec::new());
            false
        }
    }
}

fn serve(mut stream: TcpStream, log: &Log, answer: &Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let ask = |verb: &str, rest: &str| {
        let mut asked = log.asked.lock().unwrap();
        let times = asked.iter().filter(|asked| asked.verb == verb).count();
        let one = Asked { verb: verb.to_owned(), rest: rest.to_owned(), times };
        asked.push(one.clone());
        drop(asked);
        answer(&one)
    };
    let mut on = act(&mut stream, ask("CONNECT", ""), "220 test ESMTP\r\n");
    let (mut from, mut to) = (String::new(), Vec::new());
    while on {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end();
        let (verb, rest) = line.split_once([' ', ':']).unwrap_or((line, ""));
        let verb = verb.to_uppercase();
        let done = ask(&verb, rest);
        let is_taken = matches!(done, Act::Usual);
        let address =
            || rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(it, _)| it).to_owned();
        let usual = match verb.as_str() {
            "EHLO" => "250-test\r\n250-SIZE 50000000\r\n250 8BITMIME\r\n",
            "DATA" => "354 go ahead\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 2.0.0 Ok\r\n",
        };
        match verb.as_str() {
            "MAIL" if is_taken => (from, to) = (address(), Vec::new()),
            "RCPT" if is_taken => to.push(address()),
            _ => {}
        }
        on = act(&mut stream, done, usual);
        if verb == "DATA" && is_taken && on {
            let Some(bytes) = body(&mut reader) else { return };
            let done = ask("BODY", "");
            // The message is there whatever is answered, but only a yes says so.
            if matches!(done, Act::Usual) {
                log.received.lock().unwrap().push(Received { from: from.clone(), to: to.clone(), bytes });
            }
            on = act(&mut stream, done, "250 2.0.0 Ok: queued as 4711\r\n");
        }
        on &= verb != "QUIT";
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// A message up to the dot, as it was before dots were doubled; none where the connection ends before.
fn body(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return None;
        }
        match line.as_slice() {
            b".\r\n" => return Some(bytes),
            [b'.', rest @ ..] => bytes.extend_from_slice(rest),
            line => bytes.extend_from_slice(line),
        }
    }
}
