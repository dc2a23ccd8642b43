//! Signatures after Standard Webhooks:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::secret::Secret;

/// What a key begins with.
const MARK: &str = "whsec_";
/// The fewest and the most bytes of a key.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The keys that a webhook is signed with: one, or two while one is renewed. `Debug` shows none of them.
#[derive(Clone)]
pub struct Keys(Vec<hmac::Key>);

impl Keys {
    /// Reads keys divided by spaces or line ends. What is wrong with one is told without it.
    pub fn new(written: &Secret) -> Result<Self, String> {
        let keys = written.expose().split_whitespace().map(key).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err("it holds no key".to_owned()) } else { Ok(Self(keys)) }
    }

    /// The value of `webhook-signature`: one signature for each key.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let sign = |key: &hmac::Key| {
            let signed = format!("{id}.{timestamp}.{body}");
            format!("v1,{}", STANDARD.encode(hmac::sign(key, signed.as_bytes())))
        };
        self.0.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

fn key(text: &str) -> Result<hmac::Key, String> {
    const RIGHT: &str =
        "a key is `whsec_` and the base64 of 24 to 64 random bytes; `echo whsec_$(openssl rand -base64 32)` makes one";
    let coded = text.strip_prefix(MARK).ok_or_else(|| format!("it does not begin with `whsec_`: {RIGHT}"))?;
    let bytes = STANDARD.decode(coded).map_err(|_| format!("what follows `whsec_` is no base64: {RIGHT}"))?;
    if !BYTES.contains(&bytes.len()) {
        return Err(format!("it has {} bytes: {RIGHT}", bytes.len()));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_published_vector_comes_out() {
        let keys = Keys::new(&Secret::new(KEY)).unwrap();
        assert_eq!(keys.sign(ID, 1_614_265_330, r#"{"test": 2432232314}"#), SIGNATURE);
    }

    #[test]
    fn while_a_key_is_renewed_both_sign() {
        let both = format!("{KEY}\nwhsec_{}\n", STANDARD.encode([7; 32]));
        let keys = Keys::new(&Secret::new(both)).unwrap();
        let signed = keys.sign(ID, 1_614_265_330, r#"{"test": 2432232314}"#);
        let all: Vec<_> = signed.split(' ').collect();
        assert_eq!((all.len(), all[0]), (2, SIGNATURE));
        assert_ne!(all[1], SIGNATURE);
        assert_eq!(format!("{keys:?}"), "Keys(2)");
    }

    #[test]
    fn mistakes_are_told_without_the_key() {
        for (key, told) in [
            ("topsecret", "does not begin with `whsec_`"),
            ("whsec_top secret", "no base64"),
            ("whsec_dG9wc2VjcmV0", "it has 9 bytes"),
            (" \n", "no key"),
        ] {
            let error = Keys::new(&Secret::new(key)).unwrap_err();
            assert!(error.contains(told) && !error.contains("dG9wc2VjcmV0") && !error.contains("topsecret"), "{error}");
        }
    }
}
