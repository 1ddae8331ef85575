//! The binary under a supervisor: what it says at `NOTIFY_SOCKET`, and when.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// For ever: a machine that is busy with other tests takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

const RULES: &str = "promotions:\n  - {id: spring, give: {percent: 10}}\n";

struct Supervised {
    home: TempDir,
    socket: UnixDatagram,
    child: Child,
}

impl Supervised {
    /// Starts the service on a folder with these rules, or on one that is not there.
    fn start(rules: Option<&str>, watchdog: Option<&str>) -> Self {
        let home = tempfile::tempdir().unwrap();
        if let Some(rules) = rules {
            fs::create_dir(home.path().join("rules")).unwrap();
            write(home.path(), rules);
        }
        let path = home.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
        command
            .current_dir(home.path())
            .args(["serve", "--listen", "127.0.0.1:0", "--store", "memory"])
            .env("NOTIFY_SOCKET", &path)
            .env_remove("WATCHDOG_PID")
            .env_remove("WATCHDOG_USEC")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(most) = watchdog {
            command.env("WATCHDOG_USEC", most);
        }
        let child = command.spawn().unwrap();
        Supervised { home, socket, child }
    }

    /// The next message.
    fn hear(&self) -> String {
        let mut bytes = [0; 4_096];
        let length = self.socket.recv(&mut bytes).expect("the service says nothing");
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    /// Messages up to the first that has this in it.
    fn until(&self, part: &str) -> Vec<String> {
        let mut heard = vec![self.hear()];
        while !heard.last().unwrap().contains(part) {
            assert!(heard.len() < 1_000, "`{part}` never came: {heard:?}");
            heard.push(self.hear());
        }
        heard
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn end(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(home: &Path, rules: &str) {
    fs::write(home.join("rules/all.yaml"), rules).unwrap();
}

#[test]
fn it_is_ready_with_a_rulebook_tells_of_each_and_says_that_it_stops() {
    let mut service = Supervised::start(Some(RULES), None);
    assert!(service.hear().starts_with("STATUS="), "before it is ready it says what it does");
    let ready = service.until("READY=1").pop().unwrap();
    assert!(ready.contains("STATUS=rulebook ") && ready.contains("promotions: 1"), "{ready}");
    let two = format!("{RULES}  - {{id: autumn, give: {{percent: 5}}}}\n");
    write(service.home.path(), &two);
    let changed = service.until("promotions: 2");
    assert!(!changed.concat().contains("READY"), "ready is said once: {changed:?}");
    service.signal(Signal::TERM);
    let stopping = service.until("STOPPING=1");
    assert!(stopping.last().unwrap().contains("STATUS=shutting down"), "{stopping:?}");
    assert!(!stopping.concat().contains("WATCHDOG"), "nobody has asked for signs of life: {stopping:?}");
    assert_eq!(service.end(), Some(0));
}

#[test]
fn a_folder_that_is_not_there_does_not_keep_it_from_being_ready() {
    let mut service = Supervised::start(None, None);
    let ready = service.until("READY=1").pop().unwrap();
    assert!(ready.contains("no rulebook is live"), "{ready}");
    service.signal(Signal::INT);
    service.until("STOPPING=1");
    assert_eq!(service.end(), Some(0));
}

#[test]
fn signs_of_life_come_where_they_are_asked_for() {
    let service = Supervised::start(Some(RULES), Some("200000"));
    service.until("READY=1");
    for _ in 0..3 {
        service.until("WATCHDOG=1");
    }
    // A process that stands still gives none.
    service.signal(Signal::STOP);
    service.socket.set_nonblocking(true).unwrap();
    let mut bytes = [0; 4_096];
    std::thread::sleep(Duration::from_millis(100));
    while service.socket.recv(&mut bytes).is_ok() {}
    std::thread::sleep(Duration::from_millis(500));
    assert!(service.socket.recv(&mut bytes).is_err(), "a process that stands still gave a sign of life");
    service.signal(Signal::CONT);
    service.socket.set_nonblocking(false).unwrap();
    service.until("WATCHDOG=1");
}

#[test]
fn a_start_that_fails_says_why() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("data"), "").unwrap();
    let path = home.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pricewright"))
        .current_dir(home.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("NOTIFY_SOCKET", &path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let mut heard = String::new();
    while !heard.contains("STATUS=failed: ") {
        let mut bytes = [0; 4_096];
        let length = socket.recv(&mut bytes).expect("the service says nothing");
        heard.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
    }
    assert!(!heard.contains("READY"), "{heard}");
}
