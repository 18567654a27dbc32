//! The API's own description, made from the routes and types.

use crate::router::routes;
use api::problem;
use api::webhook::WebhookBody;
use std::sync::OnceLock;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, Content, InfoBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

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
    // What webhooks bring: no route names it.
    let mut schemas = vec![(WebhookBody::name().into_owned(), WebhookBody::schema())];
    WebhookBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let bearer = || SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("checkout_key", bearer());
    components.add_security_scheme("operator_key", bearer());
    let signature = ApiKeyValue::with_description("signature", "RFC 9421, see spec/http-signatures.md");
    components.add_security_scheme("phone_signature", SecurityScheme::ApiKey(ApiKey::Header(signature)));
    for path in description.paths.paths.values_mut() {
        let methods = [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete];
        methods.into_iter().flatten().for_each(complete);
    }
    description
}

/// Adds what all operations have in common: a name that no other operation has, and problems.
fn complete(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next().map_or("", String::as_str);
    operation.operation_id = operation.operation_id.as_ref().map(|name| format!("{tag}_{name}"));
    let responses = &mut operation.responses.responses;
    let problem = Ref::from_schema_name("Problem");
    for response in responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let is_problem = |content: &RefOr<Content>| matches!(content, RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. }) if *schema == problem);
        if response.content.values().any(is_problem) {
            *response = problem_response(&response.description);
        }
    }
    let other = problem_response("Any other problem; its type and status say which.");
    responses.insert("default".to_owned(), RefOr::T(other));
}

fn problem_response(description: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(description).content(problem::CONTENT_TYPE, content).build()
}
