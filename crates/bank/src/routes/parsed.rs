//! Parsing at the door: bodies, names in paths, sessions.

use super::problem::Told;
use crate::Bank;
use crate::login::CustomerSession;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bank_api::{ProblemType, Session};
use core::str::FromStr;
use http::request::Parts;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

/// A JSON body of type `T`, or a problem that says what is wrong with it.
pub(crate) struct Parsed<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Parsed<T> {
    type Rejection = Told;

    async fn from_request(request: Request, state: &S) -> Result<Self, Told> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(ProblemType::TooLarge.into())
            }
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Told::new(ProblemType::InvalidRequest, "The content type must be application/json."))
            }
            Err(rejection) => Err(Told::new(ProblemType::InvalidRequest, rejection.body_text())),
        }
    }
}

/// A name in the path.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: FromStr<Err: core::fmt::Display>, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Told;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Told> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Told::from(ProblemType::NotFound))?;
        text.parse()
            .map(Self)
            .map_err(|wrong| Told::new(ProblemType::InvalidRequest, format!("The path is {wrong}.")))
    }
}

/// The session's text, whether it lasts or not.
pub(crate) struct Bearer(pub(crate) Session);

impl<S: Send + Sync> FromRequestParts<S> for Bearer {
    type Rejection = Told;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Told> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let text = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(ProblemType::SessionEnded)?;
        Ok(Self(Session::from_string(text.to_owned())))
    }
}

/// The customer that calls, if there is a session.
pub(crate) struct LoggedIn(pub(crate) CustomerSession);

impl FromRequestParts<Bank> for LoggedIn {
    type Rejection = Told;

    async fn from_request_parts(parts: &mut Parts, bank: &Bank) -> Result<Self, Told> {
        let Bearer(session) = Bearer::from_request_parts(parts, bank).await?;
        Ok(Self(bank.session(&session)?))
    }
}
