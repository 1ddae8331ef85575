//! The real binary as a process of its own, which never outlives its test.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use pricewright::server::wire::pricing_service_client::PricingServiceClient;
use tokio::task::block_in_place;
use tonic::transport::Channel;

use super::phones;
use super::till::Client;

pub(crate) type Pricing = PricingServiceClient<Channel>;

/// A start that takes longer hangs.
const START: Duration = Duration::from_secs(60);

/// `pricewright serve`, listening.
pub(crate) struct Served {
    child: Child,
    lines: Receiver<String>,
    address: String,
    /// The port where it tells metrics, when it does.
    metrics_port: Option<u16>,
    /// What it has written to its error stream.
    told: String,
}

/// A process that is gone.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) told: String,
}

impl Served {
    /// Starts it on `home/rules` and `home/disk/data`, with more variables in its environment.
    pub(crate) fn start(home: &Path, variables: &[(&str, String)]) -> Result<Self, Ended> {
        let mut command = Command::new(binary());
        command.arg("serve").args(["--listen", "127.0.0.1:0", "--log-format", "json"]);
        command.arg("--rules").arg(home.join("rules")).arg("--data").arg(home.join("disk/data"));
        command.env("PRICEWRIGHT_OTP_WEBHOOK", phones::url());
        command.env("PRICEWRIGHT_OTP_WEBHOOK_SECRET", home.join("webhook"));
        command.env("PRICEWRIGHT_OTP_PER_HOUR", "1000000");
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = channel();
        let errors = BufReader::new(child.stderr.take().unwrap());
        // It ends with the stream, so that the end of the channel is the end of the process.
        thread::spawn(move || errors.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let mut served =
            Served { child, lines, address: String::new(), metrics_port: None, told: String::new() };
        while let Some(line) = served.line(START) {
            served.hear(&line);
            if let Some(address) = listens(&line, "metrics are told") {
                served.metrics_port = Some(address.parse::<SocketAddr>().unwrap().port());
            }
            if let Some(address) = listens(&line, "pricewright listens") {
                served.address = format!("http://{address}");
                return Ok(served);
            }
        }
        Err(served.wait(START).unwrap_or_else(|served| panic!("it hangs: {}", served.told)))
    }

    /// The next line. Clients go on meanwhile: one that did not close its connection would keep the service from ending.
    fn line(&self, longest: Duration) -> Option<String> {
        block_in_place(|| self.lines.recv_timeout(longest).ok())
    }

    fn hear(&mut self, line: &str) {
        self.told.push_str(line);
        self.told.push('\n');
    }

    pub(crate) fn channel(&self) -> Channel {
        Channel::from_shared(self.address.clone()).unwrap().connect_lazy()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.channel())
    }

    pub(crate) fn pricing(&self) -> Pricing {
        PricingServiceClient::new(self.channel())
    }

    /// The end of everything in the middle of everything.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn metrics(&self) -> Option<SocketAddr> {
        self.metrics_port.map(|port| ([127, 0, 0, 1], port).into())
    }

    /// Whether it has ended by itself.
    pub(crate) fn is_gone(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn told(&self) -> &str {
        &self.told
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for its end; gives it back when it goes on for longer.
    pub(crate) fn wait(mut self, longest: Duration) -> Result<Ended, Self> {
        while let Some(line) = self.line(longest) {
            self.hear(&line);
        }
        match self.child.try_wait().unwrap() {
            Some(status) => Ok(Ended { status, told: std::mem::take(&mut self.told) }),
            // The stream closes a moment before the process is gone.
            None if self.lines.recv_timeout(Duration::ZERO).is_err_and(|error| is_closed(&error)) => {
                let status = self.child.wait().unwrap();
                Ok(Ended { status, told: std::mem::take(&mut self.told) })
            }
            None => Err(self),
        }
    }

    /// A stop in good order.
    pub(crate) fn stop(self) -> Ended {
        self.terminate();
        let ended = self.wait(START).unwrap_or_else(|served| panic!("it does not stop: {}", served.told));
        assert!(ended.status.success(), "{}: {}", ended.status, ended.told);
        ended
    }
}

fn is_closed(error: &std::sync::mpsc::RecvTimeoutError) -> bool {
    matches!(error, std::sync::mpsc::RecvTimeoutError::Disconnected)
}

/// A test that fails leaves no process behind.
impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is tested: this build, or another one of the same source that `PRICEWRIGHT_BINARY` names.
fn binary() -> OsString {
    std::env::var_os("PRICEWRIGHT_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_pricewright").into())
}

/// The address in the line that says that it listens.
fn listens(line: &str, message: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    (line["message"] == message).then(|| line["listen"].as_str().unwrap().to_owned())
}
