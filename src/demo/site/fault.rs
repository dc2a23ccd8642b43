//! The ways in which a proxy, or what stands in front of it, answers badly.

use std::time::Duration;

use hyper::body::Bytes;

use super::super::wire::{Answer, Reply, answer, build, cut_short, endless};

/// What happens in place of an answer. The checks of certificate, xrfkey and method come first all the same.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The request is taken, and nothing comes.
    Hang,
    /// The connection ends with RST.
    Reset,
    /// The connection ends with FIN, without a byte of an answer.
    CloseWithoutAnswer,
    /// A status, a body and its content type.
    Status(u16, String, String),
    /// 200 with an HTML form, as a virtual proxy answers on port 443.
    LoginPage,
    /// 302 to a login page on another port.
    Redirect,
    /// The right headers and half of the body; then the connection ends.
    Truncated,
    /// Half of the JSON, as a whole answer.
    HalfTheJson,
    /// 200 `null`.
    Null,
    /// 200 with an object in place of the array.
    Object,
    /// 200 with no body at all.
    EmptyBody,
    /// 200 with an array that never ends, chunked.
    TooLarge,
    /// 200 that says it is a terabyte, and sets out to send it.
    TooLargeDeclared,
    /// The right answer, this late.
    Slow(Duration),
}

impl Fault {
    /// A status with a short text, as for 401, 404, 429, 500 and 503.
    pub fn status(status: u16) -> Self {
        Self::Status(status, format!("status {status}"), "text/plain".to_owned())
    }

    /// What comes in place of `right`; `location` is where a redirect leads.
    pub(super) async fn instead_of(self, right: Answer, location: &str) -> Reply {
        Reply::Answer(match self {
            Self::Hang => return std::future::pending().await,
            Self::Reset => return Reply::Reset,
            Self::CloseWithoutAnswer => return Reply::Close,
            Self::Status(status, body, content_type) => answer(status, &content_type, body),
            Self::LoginPage => answer(200, "text/html; charset=utf-8", LOGIN_PAGE),
            Self::Redirect => {
                let body = answer(302, "text/html", "<html><body>Object moved</body></html>").into_body();
                build(302, &[("Location", location), ("Content-Type", "text/html")], body)
            }
            Self::Truncated => {
                let body = whole(right).await;
                let half = body.slice(..body.len() / 2);
                cut_short("application/json", body.len(), half)
            }
            Self::HalfTheJson => {
                let body = whole(right).await;
                answer(200, "application/json", body.slice(..body.len() / 2))
            }
            Self::Null => answer(200, "application/json", "null"),
            Self::Object => answer(200, "application/json", r#"{"value":[]}"#),
            Self::EmptyBody => answer(200, "application/json", ""),
            Self::TooLarge => endless("application/json", Bytes::from_static(&SPACES), false),
            Self::TooLargeDeclared => endless("application/json", Bytes::from_static(&SPACES), true),
            Self::Slow(time) => {
                tokio::time::sleep(time).await;
                right
            }
        })
    }
}

async fn whole(answer: Answer) -> Bytes {
    super::super::wire::collect(answer.into_body(), usize::MAX).await.expect("the body is in memory")
}

/// Whitespace may precede a JSON array for as long as it likes.
static SPACES: [u8; 64 * 1024] = [b' '; 64 * 1024];

const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Qlik Sense - Login</title></head><body>\
    <form method=\"post\" action=\"/internal_forms_authentication/\"><input name=\"username\"/>\
    <input name=\"pwd\" type=\"password\"/><input type=\"submit\" value=\"Log in\"/></form></body></html>\n";
