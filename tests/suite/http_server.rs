//! A server on loopback that plays a provider: what it answers is up to a function, faults included.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The query as it came.
    pub(crate) query: String,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// How often the same method and path were asked before.
    pub(crate) times: usize,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// A value of the query, still percent-encoded.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// Closes in the middle of the body.
    Cut,
    /// Closes without a word.
    Closed,
    /// Says nothing until the other side gives up.
    Silent,
    /// The body is the whole answer as it goes over the line, its head included.
    Raw,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Reply {
        Reply { status, headers: Vec::new(), body: Vec::new(), fault: Fault::None }
    }

    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Reply {
        Reply::status(200).header("content-type", "application/json").body(body)
    }

    pub(crate) fn text(body: impl Into<Vec<u8>>) -> Reply {
        Reply::status(200).body(body)
    }

    /// An answer written out by hand, after which the connection is closed.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Reply {
        Reply { fault: Fault::Raw, ..Reply::status(200).body(bytes) }
    }

    pub(crate) fn closed() -> Reply {
        Reply { fault: Fault::Closed, ..Reply::status(200) }
    }

    pub(crate) fn silent() -> Reply {
        Reply { fault: Fault::Silent, ..Reply::status(200) }
    }

    pub(crate) fn cut(self) -> Reply {
        Reply { fault: Fault::Cut, ..self }
    }

    pub(crate) fn with_status(self, status: u16) -> Reply {
        Reply { status, ..self }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Reply {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn code(&self) -> u16 {
        self.status
    }

    /// The body so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Reply {
        Reply { body: body.into(), ..self }
    }
}

type Answer = dyn Fn(&Asked) -> Reply + Send + Sync;

/// A running server; it ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, stopping) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let answer: Arc<Answer> = Arc::new(answer);
        let (log, stop) = (Arc::clone(&asked), Arc::clone(&stopping));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                // A silent answer must not keep others waiting.
                std::thread::spawn(move || serve(&stream.unwrap(), &*answer, &log));
            }
        });
        Server { address, asked, stopping, thread: Some(thread) }
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often that was asked.
    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.method == method && asked.path == path).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // The listener looks at the flag when the next connection comes.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(stream: &TcpStream, answer: &Answer, log: &Mutex<Vec<Asked>>) {
    let Some(mut asked) = read(stream) else { return };
    {
        let mut log = log.lock().unwrap();
        asked.times = log.iter().filter(|past| (&past.method, &past.path) == (&asked.method, &asked.path)).count();
        log.push(asked.clone());
    }
    let reply = answer(&asked);
    match reply.fault {
        Fault::Closed => {}
        Fault::Silent => {
            // Ends when the client closes its side.
            let _ = { stream }.read(&mut [0]);
        }
        Fault::Raw => {
            let _ = { stream }.write_all(&reply.body);
        }
        Fault::None | Fault::Cut => {
            let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", reply.status);
            for (name, value) in &reply.headers {
                head += &format!("{name}: {value}\r\n");
            }
            head += &format!("content-length: {}\r\n\r\n", reply.body.len());
            let end = if reply.fault == Fault::Cut { reply.body.len() / 2 } else { reply.body.len() };
            let mut stream = stream;
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&reply.body[..end]));
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = (path.to_owned(), query.to_owned());
    Some(Asked { method, path, query, headers, body: String::from_utf8(body).ok()?, times: 0 })
}
