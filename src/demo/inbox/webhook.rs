//! What a receiver of webhooks checks: the headers and the signature of Standard Webhooks, and the form of headcount's own JSON.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::Value;

use super::check::{At, Check};

/// Whether a request is signed with this `whsec_` key, <https://github.com/standard-webhooks/standard-webhooks>.
pub(super) fn verify(key: &str, headers: &BTreeMap<String, String>, raw: &[u8]) -> Check {
    let header = |name: &str| headers.get(name).ok_or_else(|| format!("the header `{name}` is missing"));
    let (id, timestamp, signatures) =
        (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
    if id.is_empty() || id.contains('.') {
        return Err(format!("`{id}` is no id"));
    }
    if timestamp.parse::<u64>().is_err() {
        return Err(format!("`{timestamp}` is no time in seconds"));
    }
    let key =
        key.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok()).ok_or("the inbox's key is no key")?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = [format!("{id}.{timestamp}.").as_bytes(), raw].concat();
    let good = signatures.split(' ').filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok());
    if good.into_iter().any(|signature| hmac::verify(&key, &signed, &signature).is_ok()) {
        Ok(())
    } else {
        Err(format!("none of `{signatures}` is a signature of what came"))
    }
}

/// Whether it is a message of headcount's; anything without a `version` may have a form of its own.
pub(super) fn check(body: &Value) -> Check {
    if body.get("version").is_none() {
        return Ok(());
    }
    let at = At::new(body, "message");
    at.only(&["version", "type", "timestamp", "data"])?;
    if at.require("version")?.value != 1 {
        return at.fail("its version is not 1");
    }
    let kind = at.require("type")?.string()?;
    let timestamp = at.require("timestamp")?.string()?;
    let data = at.require("data")?;
    if kind.strip_prefix("headcount.") != Some(data.require("kind")?.string()?) {
        return at.fail(format_args!("`{kind}` is not the type of its data"));
    }
    if data.require("at")?.require("utc")?.string()? != timestamp {
        return at.fail("it has two times");
    }
    for key in ["title", "text", "severity"] {
        data.require(key)?.text(1, 100_000)?;
    }
    for key in ["facts", "reason", "people", "people_more", "people_hidden", "parts"] {
        data.require(key)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_this_key_and_this_body() {
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = br#"{"test": 2432232314}"#;
        let headers = |changed: &str, value: &str| {
            let mut headers = BTreeMap::from([
                ("webhook-id".to_owned(), "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned()),
                ("webhook-timestamp".to_owned(), "1614265330".to_owned()),
                ("webhook-signature".to_owned(), "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned()),
            ]);
            headers.insert(changed.to_owned(), value.to_owned());
            headers
        };
        assert_eq!(verify(key, &headers("x", ""), body), Ok(()));
        for (changed, value) in [
            ("webhook-id", "msg_other"),
            ("webhook-id", "a.b"),
            ("webhook-timestamp", "1614265331"),
            ("webhook-timestamp", "soon"),
            ("webhook-signature", "v1,AAAA"),
            ("webhook-signature", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ] {
            assert!(verify(key, &headers(changed, value), body).is_err(), "{changed}: {value}");
        }
        assert!(verify(key, &headers("x", ""), b"{}").is_err());
        assert!(verify("whsec_AAAA", &headers("x", ""), body).is_err());
        assert!(verify(key, &BTreeMap::new(), body).is_err());
    }
}
