//! What is asked over HTTPS without a command: readiness, and the customer's account at the bank.

use bank_api::{AccountView, AccountsAnswer, LoginAnswer, LoginRequest, Password};
use http::Request;
use https::{Client, Limits, Roots};
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const DEADLINE: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Asks services on this machine.
#[derive(Debug)]
pub(crate) struct Door {
    /// Read anew for each question: a test may exchange them.
    roots: PathBuf,
    runtime: Runtime,
}

impl Door {
    pub(crate) fn new(roots: PathBuf) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        Self { roots, runtime }
    }

    /// Sends one request over a connection of its own; status and body, or why there is none.
    pub(crate) fn send(&self, request: Request<Vec<u8>>) -> Result<(u16, Vec<u8>), String> {
        let limits = Limits { deadline: DEADLINE, max_body_bytes: ANSWER_BYTES_MAX };
        let roots = std::fs::read(&self.roots).expect("the roots are there");
        let client = Client::new(Roots::from_pem(&roots).expect("the roots are PEM"), None);
        let answer =
            self.runtime.block_on(client.send(request, limits)).map_err(|error| error.to_string())?;
        Ok((answer.status().as_u16(), answer.body().to_vec()))
    }

    pub(crate) fn get(&self, url: &str) -> Result<(u16, Vec<u8>), String> {
        self.send(Request::get(url).body(Vec::new()).expect("the address is one"))
    }

    /// The customer's accounts at the bank whose customer door is `url`.
    pub(crate) fn accounts(
        &self,
        url: &str,
        number: &str,
        password: &str,
    ) -> Result<Vec<AccountView>, String> {
        let login = LoginRequest {
            customer_number: number.parse().expect("the number is one"),
            password: Password::from_string(password.to_owned()),
        };
        let login = Request::post(format!("{url}/v1/login"))
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&login).expect("it is plain data"))
            .expect("the address is one");
        let answer: LoginAnswer = read(self.send(login)?)?;
        let ask = Request::get(format!("{url}/v1/accounts"))
            .header("authorization", format!("Bearer {}", answer.session.expose()))
            .body(Vec::new())
            .expect("the address is one");
        let answer: AccountsAnswer = read(self.send(ask)?)?;
        Ok(answer.accounts)
    }
}

fn read<A: DeserializeOwned>(answer: (u16, Vec<u8>)) -> Result<A, String> {
    let (status, body) = answer;
    if status >= 300 {
        return Err(format!("status {status}: {}", String::from_utf8_lossy(&body)));
    }
    serde_json::from_slice(&body).map_err(|error| error.to_string())
}
