//! The payment server and the bank, each a process of its own that ends with this one.

use crate::failure::Failure;
use crate::setup::Folder;
use https::{Client, Limits, Roots};
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long a service may take to open.
const OPEN_WITHIN: Duration = Duration::from_secs(30);
/// How long a service may take to end: its own patience for requests under way, and a little more.
const END_WITHIN: Duration = Duration::from_secs(20);

/// Both services.
pub(super) struct Children {
    bank: Service,
    server: Service,
}

struct Service {
    name: &'static str,
    child: Child,
    /// The service ends when this does.
    stdin: Option<ChildStdin>,
    log: std::path::PathBuf,
}

impl Children {
    /// Starts both from `folder` and waits until they are ready.
    pub(super) async fn start(folder: &Folder) -> Result<Self, Failure> {
        let logs = folder.path().join("logs");
        std::fs::create_dir_all(&logs).map_err(|error| {
            Failure::new(format!("the folder {} cannot be made: {error}", logs.display()))
        })?;
        super::seed::seed_bank(folder).await?;
        let config = |path: std::path::PathBuf| path.into_os_string();
        let bank_config = config(folder.bank_config());
        let bank = Service::start(
            "bank",
            &logs,
            ["bank".as_ref(), "run".as_ref(), "--config".as_ref(), bank_config.as_os_str()],
        )?;
        let server_config = config(folder.server_config());
        let server = Service::start(
            "server",
            &logs,
            ["server".as_ref(), "--config".as_ref(), server_config.as_os_str()],
        )?;
        let mut children = Self { bank, server };
        children.wait_until_open(folder).await?;
        Ok(children)
    }

    async fn wait_until_open(&mut self, folder: &Folder) -> Result<(), Failure> {
        let config = bank::BankConfig::from_file(&folder.bank_config())?;
        let server = crate::service::ServerConfig::from_file(&folder.server_config())?;
        let roots = Roots::from_pem(&crate::service::read_named(&folder.roots())?)
            .map_err(|error| Failure::new(format!("{}: {error}", folder.roots().display())))?;
        let client = Client::new(roots, None);
        self.bank.wait_until_open(&client, config.customer_listen.port()).await?;
        self.server.wait_until_open(&client, server.listen.port()).await
    }

    /// Waits until one of them ends by itself, which it should not, and says which.
    pub(super) async fn ended(&mut self) -> Failure {
        let (service, status) = tokio::select! {
            status = self.bank.child.wait() => (&self.bank, status),
            status = self.server.child.wait() => (&self.server, status),
        };
        service.failure(&format!("{status:?}"))
    }

    /// Ends both, the server first; each finishes what it has taken on.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        self.server.stop().await?;
        self.bank.stop().await
    }
}

impl Service {
    fn start<const N: usize>(
        name: &'static str,
        logs: &Path,
        arguments: [&std::ffi::OsStr; N],
    ) -> Result<Self, Failure> {
        let log = logs.join(format!("{name}.log"));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(|error| Failure::new(format!("{} cannot be written: {error}", log.display())))?;
        let program = std::env::current_exe()?;
        let mut child = Command::new(program)
            .args(arguments)
            .args(["--log", "json", "--until-stdin-ends"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(file)
            // Ctrl-C is for this process: it ends the others in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Failure::new(format!("the {name} could not be started: {error}")))?;
        let stdin = child.stdin.take();
        Ok(Self { name, child, stdin, log })
    }

    async fn wait_until_open(&mut self, client: &Client, port: u16) -> Result<(), Failure> {
        let limits = Limits { deadline: Duration::from_secs(2), max_body_bytes: 64 * 1024 };
        let give_up_at = Instant::now() + OPEN_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(self.failure(&status.to_string()));
            }
            let request = http::Request::get(format!("https://localhost:{port}/readyz")).body(Vec::new())?;
            if client.send(request, limits).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if Instant::now() >= give_up_at {
                return Err(self.failure("it did not open in time"));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn stop(&mut self) -> Result<(), Failure> {
        self.stdin = None;
        match timeout(END_WITHIN, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(status) => Err(self.failure(&format!("{status:?}"))),
            Err(_) => Err(self.failure("it did not end in time")),
        }
    }

    /// The last lines of the log say why.
    fn failure(&self, what: &str) -> Failure {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        let last: Vec<&str> = lines.into_iter().rev().collect();
        Failure::new(format!(
            "the {} ended: {what}\nthe last of {}:\n{}",
            self.name,
            self.log.display(),
            last.join("\n")
        ))
    }
}
