//! From a shell: tokens are made and used; and how many connections there may be.

use std::fs;
use std::io::Read as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use pricewright::server::config::Options;
use pricewright::server::run::Server;

use super::Guarded;
use super::keys::Key;
use super::tls::{Authority, options};
use crate::metrics;
use crate::running::Folders;

fn pricewright(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
    command.args(arguments).env_remove("PRICEWRIGHT_SERVER").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_the_shell_opens_what_its_role_may() {
    let home = tempfile::tempdir().unwrap();
    let made = pricewright(&[
        "access",
        "token",
        "--name",
        "marketing \"A\"",
        "--role",
        "marketer",
        "--expires",
        "2100-01-01T00:00:00Z",
    ]);
    assert!(made.status.success(), "{made:?}");
    let (token, entry) = (text(&made.stdout), text(&made.stderr));
    assert!(token.starts_with("pwt_") && !entry.contains(token.trim()), "{entry}");
    let path = home.path().join("marketing.token");
    fs::write(&path, &token).unwrap();

    let authority = Authority::new();
    authority.server().put(home.path(), "server");
    fs::write(home.path().join("clients.pem"), &authority.pem).unwrap();
    let guarded = Guarded::with(&entry, options(home.path())).await;
    let checked = pricewright(&["access", "check", &guarded.access().display().to_string()]);
    assert_eq!(text(&checked.stdout).split(" is good: ").nth(1), Some("1 credential\n"));

    let server = format!("https://localhost:{}", guarded.running.server.local_addr().port());
    let (token_file, authority_file) =
        (path.display().to_string(), home.path().join("clients.pem").display().to_string());
    let ask = |arguments: &[&str], token: Option<&str>| {
        let mut all = arguments.to_vec();
        all.extend(["--server", &server, "--authority", &authority_file]);
        all.extend(token.map(|token| ["--token-file", token]).into_iter().flatten());
        pricewright(&all)
    };
    let history = ask(&["rules", "history"], Some(&token_file));
    assert!(history.status.success(), "{history:?}");
    let nobody = ask(&["rules", "history"], None);
    assert!(
        !nobody.status.success() && text(&nobody.stderr).contains("is not known to the service"),
        "{nobody:?}"
    );
    let not_theirs = ask(&["customers", "get", "one"], Some(&token_file));
    assert!(text(&not_theirs.stderr).contains("may not do that"), "{not_theirs:?}");
    // In clear a token goes nowhere but to this machine.
    let away = pricewright(&[
        "rules",
        "history",
        "--server",
        "http://prices.example:1",
        "--token-file",
        &token_file,
    ]);
    assert!(text(&away.stderr).contains("by `https://` alone"), "{away:?}");

    // Who publishes is on the record as who calls, too.
    let rules = home.path().join("rules");
    fs::create_dir(&rules).unwrap();
    fs::write(rules.join("rules.yaml"), super::RULES.replace("percent: 10", "percent: 11")).unwrap();
    let folder = rules.display().to_string();
    let published =
        ask(&["rules", "publish", &folder, "--by", "Marketing", "--comment", "eleven"], Some(&token_file));
    assert!(published.status.success(), "{published:?}");
    let told = text(&ask(&["rules", "history"], Some(&token_file)).stdout);
    assert!(told.contains("Marketing (marketing \"A\")"), "{told}");
}

#[test]
fn a_file_of_access_that_is_at_fault_is_told_where() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("access.toml");
    fs::write(&path, "[[caller]]\nname = \"kyiv\"\nroles = [\"tiller\"]\n").unwrap();
    let checked = pricewright(&["access", "check", &path.display().to_string()]);
    assert_eq!(checked.status.code(), Some(1));
    let told = text(&checked.stderr);
    assert!(told.contains("line 3") && told.contains("tiller") && told.contains("`till`"), "{told}");
}

#[test]
fn a_file_by_which_two_must_ask_where_only_one_may_is_told() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("access.toml");
    let told = |own: &str, others: &str| {
        let two = "[four-eyes]\npublish = true\ncodes-over = 10\n";
        fs::write(&path, Key::new("olena").entry("marketer", own) + others + two).unwrap();
        let checked = pricewright(&["access", "check", &path.display().to_string()]);
        assert!(checked.status.success(), "{checked:?}");
        text(&checked.stderr)
    };
    let alone = told("", "");
    for what in [
        "CodeService/Generate with more than 10 codes",
        "CodeService/Import with more than 10 codes",
        "RulebookService/Publish",
        "RulebookService/Rollback",
    ] {
        assert!(alone.contains(&format!("nobody can carry out {what}: ")), "{alone}");
    }
    assert_eq!(alone.lines().count(), 4);
    // A second credential of the same person is no second person.
    assert_eq!(told("certificates = [\"dns:olena\"]", ""), alone);
    assert_eq!(told("", &Key::new("taras").entry("till", "")), alone);
    assert_eq!(told("", &Key::new("crm").entry("crm", "")).lines().count(), 2);
    assert_eq!(told("", &Key::new("taras").entry("marketer", "")), "");
}

/// What a service says that does not start.
async fn refused(folders: &Folders, access: Option<&Path>, more: Options) -> String {
    let config = folders.config(Options { access: access.map(Path::to_owned), ..more });
    Server::start(config).await.err().map(|error| error.to_string()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_good_files_does_not_start() {
    let folders = Folders::new();
    let missing = folders.home().join("nobody.toml");
    let told = refused(&folders, Some(&missing), Options::default()).await;
    assert!(told.contains("cannot read the file of access"), "{told}");
    fs::write(&missing, "[[caller]]\nname = \"one\"\nroles = []\n").unwrap();
    let told = refused(&folders, Some(&missing), Options::default()).await;
    assert!(told.contains("caller `one`: `roles` must name at least one role"), "{told}");
    let told = refused(&folders, None, options(folders.home())).await;
    assert!(told.contains("server.pem") && told.contains("cannot read"), "{told}");
    Authority::new().server().put(folders.home(), "server");
    fs::write(folders.home().join("server.key"), "no key").unwrap();
    fs::write(folders.home().join("clients.pem"), "").unwrap();
    let told = refused(&folders, None, options(folders.home())).await;
    assert!(told.contains("is no good for TLS"), "{told}");
}

/// Whether the other end has closed a connection.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut byte = [0];
    // What the service says first is its HTTP/2 settings; a connection too many says nothing.
    matches!(stream.read(&mut byte), Ok(0)) || stream.take_error().is_ok_and(|error| error.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_counted_by_address_and_one_too_many_is_closed() {
    let folders = Folders::new();
    folders.put("rules.yaml", super::RULES);
    let metrics_listen = Some(([127, 0, 0, 1], 0).into());
    let options = Options { max_connections_per_address: Some(3), metrics_listen, ..Options::default() };
    let running = folders.serve(options).await;
    running.server.ready().await.unwrap();
    let address = running.server.local_addr();
    let mut held: Vec<_> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
    // The three are taken up one after another, and this one behind them.
    let mut fourth = TcpStream::connect(address).unwrap();
    assert!(
        tokio::task::spawn_blocking(move || is_closed(&mut fourth)).await.unwrap(),
        "the fourth was taken up"
    );
    let (_, page) = metrics::get(running.server.metrics_addr().unwrap(), "/metrics").await;
    assert_eq!(metrics::value(&page, "pricewright_connections_open"), "3");
    assert_eq!(metrics::value(&page, "pricewright_connections_refused_total"), "1");
    held.pop();
    for _ in 0..100 {
        let uri = format!("http://{address}");
        let channel = tonic::transport::Channel::from_shared(uri).unwrap().connect().await;
        if let Ok(channel) = channel {
            let active = "/pricewright.v1.RulebookService/GetActive";
            if super::call(&channel, active, None, prost::bytes::Bytes::new()).await.is_ok() {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no place was given back");
}
