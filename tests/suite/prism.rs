//! Prism between the program and a server of ours: it refuses requests and answers that are not as an OpenAPI document
//! says.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::http_server::Server;

pub(crate) struct Prism {
    process: Child,
    pub(crate) url: String,
}

impl Prism {
    /// Stands before `behind`; the environment variable `INVOICER_PRISM` names the program.
    pub(crate) fn start(document: &serde_json::Value, behind: &Server) -> Prism {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("invoicer-prism-{}-{number}.json", std::process::id()));
        std::fs::write(&path, document.to_string()).unwrap();
        // A port that is free now; Prism cannot choose one itself.
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port().to_string();
        let program = std::env::var("INVOICER_PRISM").expect("INVOICER_PRISM names Prism's program");
        let mut process = Command::new(program)
            .args(["proxy", "--errors", "-h", "127.0.0.1", "-p", &port])
            .args([path.to_str().unwrap(), &behind.url()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("Prism is listening")), "Prism does not start");
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        std::fs::remove_file(&path).unwrap();
        Prism { process, url: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
