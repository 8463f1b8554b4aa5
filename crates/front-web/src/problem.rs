//! What is wrong, as JSON: `{"error":"…"}`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why a request is not answered as asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Problem {
    /// It will never be.
    Wrong(String),
    /// There is nothing there.
    NotFound,
    /// Not now; it may be a second later.
    NotNow(String),
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, text) = match &self {
            Problem::Wrong(text) => (StatusCode::BAD_REQUEST, text.as_str()),
            Problem::NotFound => {
                let text = "there are /v1/where, /v1/members and /healthz, by GET";
                (StatusCode::NOT_FOUND, text)
            }
            Problem::NotNow(text) => (StatusCode::SERVICE_UNAVAILABLE, text.as_str()),
        };
        let mut response = json(status, &Body { error: text });
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// An answer that nobody may keep: it is old in a second.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_string(body).expect("our own types become JSON");
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), // Whoever may connect may know where.
    ];
    (status, headers, text).into_response()
}
