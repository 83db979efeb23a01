//! Prism between the program and a server of ours: it refuses requests and answers that are not as an OpenAPI document
//! says.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::http_server::Server;

pub(crate) struct Prism {
    process: Child,
    pub(crate) url: String,
    /// Prism reads its document again when it changes, so it stays as long as the process.
    document: PathBuf,
}

impl Prism {
    /// Stands before `behind`; the environment variable `INVOICER_PRISM` names the program.
    pub(crate) fn start(document: &serde_json::Value, behind: &Server) -> Prism {
        // A port can be taken by another test between its choice and its use.
        let started = (0..5).find_map(|_| Prism::try_start(document, behind));
        started.expect("Prism does not start")
    }

    fn try_start(text: &serde_json::Value, behind: &Server) -> Option<Prism> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let document = std::env::temp_dir().join(format!("invoicer-prism-{}-{number}.json", std::process::id()));
        std::fs::write(&document, text.to_string()).unwrap();
        // A port that is free now; Prism cannot choose one itself.
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let program = std::env::var("INVOICER_PRISM").expect("INVOICER_PRISM names Prism's program");
        let mut process = Command::new(program)
            .args(["proxy", "--errors", "-h", "127.0.0.1", "-p", &port.to_string()])
            .args([document.to_str().unwrap(), &behind.url()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let is_ready = lines.any(|line| line.contains("Prism is listening"));
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let prism = Prism { process, url: format!("http://127.0.0.1:{port}"), document };
        (is_ready && TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(prism)
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(&self.document);
    }
}
