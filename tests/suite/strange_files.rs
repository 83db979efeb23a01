//! What other people may have put where a file is expected: named pipes, devices, sockets, directories and links. Nothing
//! may wait for them, read them for ever or write through them.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::common::{Run, Sandbox, copy_tree};

/// Far longer than any of these commands takes: a test that waits this long has found one that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A workspace with every kind of file that a workspace can name.
fn workspace() -> Sandbox {
    let sandbox = Sandbox::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    copy_tree(&root.join("examples/starter"), sandbox.path());
    copy_tree(&root.join("assets"), &sandbox.path().join("assets"));
    let font = root.join("crates/pages/tests/data/fonts");
    let font = std::fs::read_dir(font).unwrap().map(|entry| entry.unwrap().path());
    let font = font.filter(|path| path.extension().is_some_and(|ending| ending == "ttf")).min().unwrap();
    std::fs::copy(font, sandbox.path().join("assets/extra.ttf")).unwrap();
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let named = "[issuer]\nlogo = \"assets/logo.svg\"\nseal = \"assets/seal.png\"\n";
    let settings = settings.replacen("[issuer]\n", named, 1);
    sandbox.write("invoicer.toml", format!("{settings}\n[fonts]\nfiles = [\"assets/extra.ttf\"]\n"));
    sandbox.write("templates/labels.toml", "[ja]\n");
    sandbox.write("prices.toml", "[pricing]\nmarkup = \"20%\"\n");
    let check = sandbox.run(&["check", "202208"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    sandbox
}

/// Runs the program and fails where it does not end by itself.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_invoicer"));
    command.args(arguments).current_dir(sandbox.path()).env_clear().stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(PATIENCE) else {
        let _ = Command::new("kill").args(["-9", &id]).status();
        panic!("{arguments:?} does not end");
    };
    let output = output.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[derive(Clone, Copy, Debug)]
enum Strange {
    Pipe,
    Socket,
    Device,
    Directory,
    LinkToPipe,
}

impl Strange {
    const ALL: [Strange; 5] =
        [Strange::Pipe, Strange::Socket, Strange::Device, Strange::Directory, Strange::LinkToPipe];

    /// Puts one in the place of what is there.
    fn put(self, path: &Path) {
        let _ = std::fs::remove_file(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let pipe = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        match self {
            Strange::Pipe => pipe(path),
            // The socket stays when the listener is gone.
            Strange::Socket => drop(UnixListener::bind(path).unwrap()),
            // It never ends.
            Strange::Device => symlink("/dev/zero", path).unwrap(),
            Strange::Directory => std::fs::create_dir(path).unwrap(),
            Strange::LinkToPipe => {
                let target = path.with_extension("pipe");
                pipe(&target);
                symlink(target, path).unwrap();
            }
        }
    }
}

#[test]
fn what_is_no_file_is_refused_at_once_wherever_a_file_is_expected() {
    let build: &[&str] = &["build", "202208", "--no-progress"];
    let places: [(&str, &[&str]); 9] = [
        ("customers/aozora.toml", build),
        ("templates/classic.html", build),
        ("templates/labels.toml", build),
        ("assets/logo.svg", build),
        ("assets/seal.png", build),
        ("assets/extra.ttf", build),
        ("billing/202208/soracom.csv", build),
        ("issued/202207.json", build),
        ("prices.toml", &["whatif", "--pricing", "prices.toml", "--months", "202208"]),
    ];
    for strange in Strange::ALL {
        for (place, command) in places {
            let sandbox = workspace();
            strange.put(&sandbox.path().join(place));
            let check = run(&sandbox, &["check", "202208"]);
            let run = run(&sandbox, command);
            assert!([1, 2].contains(&run.code), "{strange:?} as {place}: exit code {}\n{}", run.code, run.stderr);
            assert!(run.stderr.contains(place), "{strange:?} as {place}:\n{}", run.stderr);
            assert!(!sandbox.path().join("out").exists(), "{strange:?} as {place} left output");
            if command == build {
                assert_eq!(check.code, run.code, "{strange:?} as {place}");
            }
        }
    }
}

#[test]
fn a_pipe_for_the_workspace_file_is_no_workspace() {
    let sandbox = workspace();
    Strange::Pipe.put(&sandbox.path().join("invoicer.toml"));
    let run = run(&sandbox, &["check"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("no invoicer.toml"), "{}", run.stderr);
}

/// Whoever may write to the workspace's directory could have put a link where a lock or an unfinished file will be.
#[test]
fn links_in_the_place_of_temporary_names_are_not_followed() {
    for name in [
        ".out-202208.lock",
        ".out-202208.partial",
        ".out-202208.old",
        "issued/.lock",
        "issued/.202208.json.partial",
        "issued/.202208.lock",
        "issued/.202208.partial",
        "issued/.202208.old",
    ] {
        let sandbox = workspace();
        sandbox.write("treasure/kept.txt", "kept");
        assert_eq!(run(&sandbox, &["build", "202208", "--no-progress"]).code, 0);
        let target =
            if name.ends_with(".partial") || name.ends_with(".old") { "treasure" } else { "treasure/kept.txt" };
        std::fs::create_dir_all(sandbox.path().join("issued")).unwrap();
        symlink(sandbox.path().join(target), sandbox.path().join(name)).unwrap();
        run(&sandbox, &["build", "202208", "--no-progress"]);
        run(&sandbox, &["issue", "202208", "--no-progress"]);
        let treasure: Vec<_> = std::fs::read_dir(sandbox.path().join("treasure")).unwrap().collect();
        assert_eq!((treasure.len(), sandbox.read("treasure/kept.txt")), (1, b"kept".to_vec()), "{name}");
    }
}

#[test]
fn a_link_for_a_lock_is_reported_by_name() {
    let sandbox = workspace();
    sandbox.write("precious.txt", "precious");
    symlink(sandbox.path().join("precious.txt"), sandbox.path().join(".out-202208.lock")).unwrap();
    let run = run(&sandbox, &["build", "202208", "--no-progress"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains(".out-202208.lock is not the file that this program makes"), "{}", run.stderr);
    assert_eq!(sandbox.read("precious.txt"), b"precious");
}

#[test]
fn a_directory_that_cannot_be_read_could_not_run() {
    // A loop of links cannot be read by anyone, not even by root.
    for place in ["customers", "templates", "billing/202208", "issued"] {
        let sandbox = workspace();
        let path = sandbox.path().join(place);
        let _ = std::fs::remove_dir_all(&path);
        symlink(path.file_name().unwrap(), &path).unwrap();
        let run = run(&sandbox, &["build", "202208", "--no-progress"]);
        assert_eq!(run.code, 2, "{place}: {}", run.stderr);
        assert!(run.stderr.contains(place.trim_end_matches("/202208")), "{place}: {}", run.stderr);
    }
}

/// A build that was killed between its two renames has moved the old directory away; removing `out/` is always allowed.
#[test]
fn removing_out_after_a_kill_at_any_point_builds_again() {
    let sandbox = workspace();
    assert_eq!(run(&sandbox, &["build", "202208", "--no-progress"]).code, 0);
    let built = sandbox.files();
    let mut points = 0;
    for point in 1.. {
        let point = point.to_string();
        let killed = sandbox.run_with(&["build", "202208", "--no-progress"], &[("INVOICER_INTERRUPT_AT", &point)]);
        if killed.code == 0 {
            break;
        }
        points += 1;
        std::fs::remove_dir_all(sandbox.path().join("out")).unwrap();
        let again = run(&sandbox, &["build", "202208", "--no-progress"]);
        assert_eq!(again.code, 0, "after a kill at point {point}: {}", again.stderr);
        assert_eq!(sandbox.files(), built, "after a kill at point {point}");
    }
    assert!(points > 5, "the build was interrupted at {points} points only");
}

#[test]
fn results_that_cannot_be_written_could_not_run() {
    let sandbox = workspace();
    assert_eq!(run(&sandbox, &["build", "202208", "--no-progress"]).code, 0);
    assert_eq!(run(&sandbox, &["issue", "202208", "--no-progress"]).code, 0);
    for arguments in [
        &["build", "202208", "--no-progress"][..],
        &["build", "202208", "--no-progress", "--json"],
        &["list"],
        &["verify", "202208"],
        &["explain", "INV-202208-aozora"],
        &["status", "--offline"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["--version"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_invoicer"));
        command.args(arguments).current_dir(sandbox.path()).env_clear().stdout(full);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
