//! A throw-away PostgreSQL: its own folder, a Unix socket in it and no port, gone with the test process.

use std::fs;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use super::connect;
use super::find::Places;

/// A start takes a fraction of a second, after a crash a little more: what takes longer hangs.
const START: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(2);
/// A cluster in memory has room for its databases and its log. Containers often have no more than 64 MB there.
const MEMORY: &str = "/dev/shm";
const MEMORY_MIN: u64 = 1 << 30;
/// The path of a socket is no longer, its name included.
const SOCKET_PATH_MAX: usize = 100;

/// What is asked of a cluster of one's own.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    /// What is committed is on a disk; without it the data lies in memory where there is room.
    pub(crate) fsync: bool,
    /// More lines of `postgresql.conf`.
    pub(crate) settings: &'static [(&'static str, &'static str)],
}

/// A server that nobody else knows.
pub(crate) struct Cluster {
    supervisor: Mutex<Supervisor>,
    home: PathBuf,
}

impl Cluster {
    /// A server that a test may stop, pause and start again.
    pub(crate) fn own(options: Options) -> Self {
        /// Data folders are copies of one that `initdb` made: a tenth of the time.
        static PRISTINE: OnceLock<Mutex<Supervisor>> = OnceLock::new();
        let pristine = PRISTINE.get_or_init(|| {
            let mut supervisor = Supervisor::start(false);
            supervisor.order("init");
            Mutex::new(supervisor)
        });
        let pristine = pristine.lock().unwrap().home.join("data");
        let mut supervisor = Supervisor::start(options.fsync);
        supervisor.order(&format!("copy {}", pristine.display()));
        let home = supervisor.home.clone();
        let mut file = OpenOptions::new().append(true).open(home.join("data/postgresql.conf")).unwrap();
        file.write_all(configuration(&home, options).as_bytes()).unwrap();
        let cluster = Cluster { supervisor: Mutex::new(supervisor), home };
        cluster.start();
        cluster
    }

    /// How a database of it is reached.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgresql:///{database}?host={}&user=postgres", self.home.display())
    }

    /// A new, empty database; how it is reached.
    pub(crate) fn create(&self, database: &str) -> String {
        connect::run(&self.url("postgres"), &connect::creation(database)).unwrap();
        self.url(database)
    }

    /// All that it has: data, socket, log.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The process of the server.
    pub(crate) fn id(&self) -> u32 {
        self.postmaster().expect("it runs").0
    }

    /// The end of everything in the middle of everything: nothing is written any more, and the next start recovers.
    pub(crate) fn stop_immediate(&self) {
        self.order("stop");
    }

    /// Starts it, on the data that it has; back when it takes connections.
    pub(crate) fn start(&self) {
        let id = self.order("start").expect("a server that was started has an id");
        let looks = START.as_millis() / LOOK.as_millis();
        let ready = (0..looks).any(|_| {
            thread::sleep(LOOK);
            self.postmaster() == Some((id, true))
        });
        assert!(ready, "PostgreSQL does not start: {}", log(&self.home));
    }

    /// Every process of it stands still: connections are open and nobody answers.
    pub(crate) fn pause(&self) {
        self.order("pause");
    }

    pub(crate) fn resume(&self) {
        self.order("resume");
    }

    /// Ends every connection; new ones are taken at once.
    pub(crate) fn cut_connections(&self) {
        let cut = "select pg_terminate_backend(pid, 10000) from pg_stat_activity \
                   where backend_type = 'client backend' and pid <> pg_backend_pid()";
        connect::run(&self.url("postgres"), cut).unwrap();
    }

    fn order(&self, order: &str) -> Option<u32> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).order(order)
    }

    /// Its id and whether it takes connections, as it writes them down: in lines 1 and 8.
    fn postmaster(&self) -> Option<(u32, bool)> {
        let file = fs::read_to_string(self.home.join("data/postmaster.pid")).ok()?;
        let id = file.lines().next()?.parse().ok()?;
        Some((id, file.lines().nth(7).is_some_and(|state| state.trim() == "ready")))
    }
}

fn configuration(home: &Path, options: Options) -> String {
    let sync = if options.fsync { "on" } else { "off" };
    let home = home.display();
    let mut text = format!(
        "listen_addresses = ''\nport = 5432\nunix_socket_directories = '{home}'\nfsync = {sync}\n\
         full_page_writes = {sync}\nsynchronous_commit = on\nmax_connections = 200\nshared_buffers = 64MB\n\
         max_wal_size = 256MB\n"
    );
    for (name, value) in options.settings {
        text.push_str(&format!("{name} = '{value}'\n"));
    }
    text
}

/// The shell that ends with the test process, and the server and its folder with it.
struct Supervisor {
    process: Child,
    // Taken when it ends.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    home: PathBuf,
}

impl Supervisor {
    fn start(on_disk: bool) -> Self {
        let places = Places::here();
        let programs = places.programs().unwrap_or_else(|| match places.database_url {
            Some(_) => panic!(
                "this test needs a server of its own, beside that of DATABASE_URL: install `postgresql`, or set PG_BIN"
            ),
            None => panic!("PostgreSQL is not found: install `postgresql`, or set PG_BIN or DATABASE_URL"),
        });
        let home = new_home(on_disk);
        let mut command = Command::new("sh");
        command.arg("-c").arg(include_str!("supervise.sh")).arg("supervise.sh").arg(programs).arg(&home);
        if fs::metadata(&home).unwrap().uid() == 0 {
            // PostgreSQL refuses to run as root.
            let (user, group) = somebody_else();
            chown(&home, Some(user), Some(group)).unwrap();
            command.uid(user).gid(group);
        }
        // In a process group of its own: who interrupts the tests at a terminal must not end the one who cleans up.
        command.process_group(0).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Supervisor { process, orders, answers, home }
    }

    /// Has it done, and gives the id of the server that runs then.
    fn order(&mut self, order: &str) -> Option<u32> {
        let mut answer = String::new();
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        self.answers.read_line(&mut answer).unwrap();
        let (status, id) = answer.trim_end_matches('\n').split_once(' ').unwrap_or_default();
        assert!(status == "0", "`{order}` of PostgreSQL fails: {}", log(&self.home));
        id.parse().ok()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.process.wait();
    }
}

/// The first of the users that have no power here, and its group.
fn somebody_else() -> (u32, u32) {
    let id = |of: &str, user: &str| {
        let told = Command::new("id").args([of, user]).output().ok().filter(|told| told.status.success())?;
        String::from_utf8(told.stdout).ok()?.trim().parse().ok()
    };
    let found = ["postgres", "nobody"].iter().find_map(|user| Some((id("-u", user)?, id("-g", user)?)));
    found.expect("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`")
}

/// A folder that nobody else has, where the path of a socket is not too long.
fn new_home(on_disk: bool) -> PathBuf {
    let room = |path: &str| rustix::fs::statvfs(path).map_or(0, |disk| disk.f_bavail * disk.f_frsize);
    let memory = (!on_disk && room(MEMORY) >= MEMORY_MIN).then(|| PathBuf::from(MEMORY));
    let folders = [memory, Some(std::env::temp_dir()), Some(PathBuf::from("/tmp"))];
    let socket = "/pricewright-pg-123456/.s.PGSQL.5432.lock".len();
    let fits = |folder: &PathBuf| folder.as_os_str().len() + socket <= SOCKET_PATH_MAX;
    let made = folders
        .into_iter()
        .flatten()
        .filter(fits)
        .find_map(|folder| tempfile::Builder::new().prefix("pricewright-pg-").tempdir_in(folder).ok());
    // The supervisor takes it away.
    made.expect("a temporary folder").keep()
}

/// The end of what the server and its programs told.
fn log(home: &Path) -> String {
    let text = fs::read(home.join("log")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().count().saturating_sub(30);
    text.lines().skip(last).fold(home.display().to_string(), |all, line| all + "\n" + line)
}
