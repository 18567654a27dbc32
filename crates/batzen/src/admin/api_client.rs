//! The operator's side of the server's API.

use crate::failure::Failure;
use crate::service::{read_named, read_secret};
use api::problem::Problem;
use http::{Method, Request, header};
use https::{Bytes, Client, Limits, Roots};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Asks the server as an operator.
pub(crate) struct OperatorClient {
    server: String,
    client: Client,
    authorization: String,
    operator: String,
}

impl OperatorClient {
    /// For the server at `server`, whose certificate comes from `roots`, with the key in the file `key`.
    pub(crate) fn new(server: String, roots: &Path, key: &Path, operator: String) -> Result<Self, Failure> {
        let pem = read_named(roots)?;
        let roots = Roots::from_pem(&pem)
            .map_err(|error| Failure::new(format!("{} is not usable: {error}", roots.display())))?;
        let authorization = format!("Bearer {}", read_secret(key)?);
        Ok(Self { server, client: Client::new(roots, None), authorization, operator })
    }

    pub(crate) async fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, Failure> {
        self.send(Method::GET, path, Vec::new()).await
    }

    pub(crate) async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<A, Failure> {
        self.send(Method::POST, path, serde_json::to_vec(body)?).await
    }

    pub(crate) async fn put<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<A, Failure> {
        self.send(Method::PUT, path, serde_json::to_vec(body)?).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<(), Failure> {
        self.ask(Method::DELETE, path, Vec::new()).await.map(drop)
    }

    async fn send<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<A, Failure> {
        Ok(serde_json::from_slice(&self.ask(method, path, body).await?)?)
    }

    /// The body of a successful answer.
    async fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Bytes, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.server.trim_end_matches('/')))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, &self.authorization)
            .header("x-operator", &self.operator)
            .body(body)
            .map_err(|_| Failure::usage("the server's address is no address; write https://HOST:PORT"))?;
        let limits = Limits { deadline: DEADLINE, max_body_bytes: ANSWER_BYTES_MAX };
        let answer = self.client.send(request, limits).await?;
        if answer.status().is_success() {
            return Ok(answer.into_body());
        }
        Err(match serde_json::from_slice::<Problem>(answer.body()) {
            Ok(problem) => Failure::new(format!("{}: {}", problem.title, problem.detail)),
            Err(_) => Failure::new(format!("the server answered with status {}", answer.status())),
        })
    }
}
