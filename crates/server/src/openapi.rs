//! The API's own description, made from the routes and types.

use crate::router::routes;
use std::sync::OnceLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi};

/// The description in JSON, OpenAPI 3.1.
pub fn openapi_json() -> &'static str {
    static JSON: OnceLock<String> = OnceLock::new();
    JSON.get_or_init(|| {
        let (_, description) = routes().split_for_parts();
        described(description).to_pretty_json().expect("the description has string keys and no failing parts")
    })
}

fn described(mut description: OpenApi) -> OpenApi {
    description.info = InfoBuilder::new()
        .title("Batzen payment server")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Checkouts begin, capture, void and refund payments; phones activate, prove methods and fetch \
             confirmations; operators register and unlock. Errors are problem details (RFC 9457). Money is minor \
             units and an ISO 4217 code, moments are milliseconds since the Unix epoch.",
        ))
        .build();
    let components = description.components.get_or_insert_with(Components::default);
    let bearer = || SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("checkout_key", bearer());
    components.add_security_scheme("operator_key", bearer());
    let signature = ApiKeyValue::with_description("signature", "RFC 9421, see spec/http-signatures.md");
    components.add_security_scheme("phone_signature", SecurityScheme::ApiKey(ApiKey::Header(signature)));
    description
}
