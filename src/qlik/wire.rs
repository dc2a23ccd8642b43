//! How the proxy spells a session, and how ours are made of it.

use std::borrow::Cow;

use serde::Deserialize;

use super::fault::Fault;
use crate::secret::Secret;
use crate::snapshot::{Session, User};

/// One session on the wire. Servers say `UserDirectory`, the documentation `userDirectory`; both are taken.
/// `Attributes` and any other field are left unread.
#[derive(Deserialize)]
struct WireSession<'a> {
    #[serde(rename = "UserDirectory", alias = "userDirectory", borrow)]
    user_directory: Cow<'a, str>,
    #[serde(rename = "UserId", alias = "userId", borrow)]
    user_id: Cow<'a, str>,
    #[serde(rename = "SessionId", alias = "sessionId", borrow)]
    session_id: Cow<'a, str>,
    #[serde(rename = "UserName", alias = "userName", borrow, default)]
    user_name: Option<Cow<'a, str>>,
}

impl From<WireSession<'_>> for Session {
    fn from(wire: WireSession<'_>) -> Self {
        Self {
            id: Secret::new(wire.session_id),
            user: User {
                directory: wire.user_directory.into(),
                id: wire.user_id.into(),
                name: wire.user_name.filter(|name| !name.trim().is_empty()).map(Into::into),
            },
        }
    }
}

/// What an answer is read as, without a byte order mark; anything that is no array is a fault.
fn array<'a>(body: &'a [u8], of: &'static str) -> Result<&'a [u8], Fault> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(Fault::Empty),
        Some(b'<') => Err(Fault::LoginPage { status: 200 }),
        Some(b'[') => Ok(body),
        Some(b'{') => Err(Fault::NotAnArray("an object", of)),
        Some(b'n') => Err(Fault::NotAnArray("`null`", of)),
        Some(_) => Err(Fault::NotAnArray("something else", of)),
    }
}

/// Why an array is not one of what it should be. The parser's own words may quote what it read, which may be a session id
/// or a secret: only these are known not to.
fn unfit(error: &serde_json::Error, body: &[u8], of: &'static str, one: &str, required: &[&str]) -> Fault {
    if error.is_eof() {
        return Fault::Truncated { bytes: body.len() };
    }
    let said = error.to_string();
    let what = if said.starts_with("trailing characters") {
        "is followed by something else".to_owned()
    } else {
        required
            .iter()
            .find(|field| said.starts_with(&format!("missing field `{field}`")))
            .map_or(format!("is not {one}"), |field| format!("has no `{field}`"))
    };
    Fault::NotAsItShould { of, what, line: error.line(), column: error.column() }
}

/// Reads an answer of `/qps/session`. Insists on an array; never shows a byte of what it read.
pub fn parse_sessions(body: &[u8]) -> Result<Vec<Session>, Fault> {
    const OF: &str = "a list of sessions";
    let body = array(body, OF)?;
    let required = ["UserDirectory", "UserId", "SessionId"];
    read(body).or_else(|error| {
        // What one person is called must not hide all others.
        let mended = whole_letters(body).and_then(|mended| read(&mended).ok());
        mended.ok_or_else(|| unfit(&error, body, OF, "a session", &required))
    })
}

fn read(body: &[u8]) -> Result<Vec<Session>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let sessions = Sessions::deserialize(&mut reader)?;
    reader.end().map(|()| sessions.0)
}

/// JSON can say half a letter: one of the two escapes that only together are one, as when a name was cut in between. Each is
/// replaced by the mark for what is no letter. None where there is none.
fn whole_letters(body: &[u8]) -> Option<Vec<u8>> {
    let half = |at: usize, of: std::ops::Range<u16>| {
        let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let code = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        of.contains(&code).then_some(())
    };
    let (mut mended, mut at) = (body.to_vec(), 0);
    while at < body.len() {
        at += match (body[at], half(at, 0xd800..0xdc00), half(at, 0xdc00..0xe000)) {
            (b'\\', Some(()), _) if half(at + 6, 0xdc00..0xe000).is_some() => 12,
            (b'\\', None, None) => 2,
            (b'\\', ..) => {
                mended[at + 2..at + 6].copy_from_slice(b"fffd");
                6
            }
            _ => 1,
        };
    }
    (mended != body).then_some(mended)
}

/// Reads a list of the repository; `of` is what it is called, such as `a list of proxies`.
pub(super) fn parse_list<T: serde::de::DeserializeOwned>(body: &[u8], of: &'static str) -> Result<Vec<T>, Fault> {
    let body = array(body, of)?;
    let required = ["id", "settings", "serverNodeConfiguration", "hostName", "userId", "userDirectory"];
    serde_json::from_slice(body).map_err(|error| unfit(&error, body, of, "what it should be", &required))
}

/// Reads an answer that is an object; `of` is what it is called.
pub(super) fn parse_object<T: serde::de::DeserializeOwned>(
    body: &[u8],
    of: &'static str,
    required: &[&str],
) -> Result<T, Fault> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(Fault::Empty),
        Some(b'<') => Err(Fault::LoginPage { status: 200 }),
        Some(b'{') => {
            serde_json::from_slice(body).map_err(|error| unfit(&error, body, of, "what it should be", required))
        }
        Some(b'[') => Err(Fault::NotAnArray("a list", of)),
        Some(b'n') => Err(Fault::NotAnArray("`null`", of)),
        Some(_) => Err(Fault::NotAnArray("something else", of)),
    }
}

/// Sessions read one by one, so that the wire's form and ours are never both held for all of them.
struct Sessions(Vec<Session>);

impl<'de> Deserialize<'de> for Sessions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Sessions;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array of sessions")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Sessions, A::Error> {
                let mut sessions = Vec::new();
                while let Some(wire) = seq.next_element::<WireSession<'de>>()? {
                    sessions.push(wire.into());
                }
                Ok(Sessions(sessions))
            }
        }

        deserializer.deserialize_seq(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_and_every_gap_are_read() {
        let body = br#"[
            {"UserDirectory":"LAB","UserId":"anna","Attributes":[{"Group":"A"},{"Group":"B"}],"SessionId":"s1","UserName":"Anna A"},
            {"userDirectory":"LAB","userId":"bo\u00e5","sessionId":"s2","userName":null,"attributes":null,"new":{"a":[1]}},
            {"UserDirectory":"LAB","UserId":"cy","SessionId":"s3","UserName":""}
        ]"#;
        let sessions = parse_sessions(body).unwrap();
        let seen: Vec<_> =
            sessions.iter().map(|s| (&*s.user.directory, &*s.user.id, s.user.name.as_deref(), s.id.expose())).collect();
        assert_eq!(
            seen,
            [("LAB", "anna", Some("Anna A"), "s1"), ("LAB", "boå", None, "s2"), ("LAB", "cy", None, "s3")]
        );
        assert!(parse_sessions(b"[]").unwrap().is_empty());
        assert!(parse_sessions(b"\xef\xbb\xbf [] \r\n").unwrap().is_empty());
    }

    #[test]
    fn half_a_letter_hides_nobody() {
        let body = br#"[
            {"UserDirectory":"LAB","UserId":"\ud83dx","SessionId":"s1"},
            {"UserDirectory":"LAB","UserId":"x\udc00","SessionId":"s2","UserName":"\ud83d\ude00 \ud83d\ud83d\ude00"},
            {"UserDirectory":"LAB","UserId":"\\ud83d","SessionId":"s3"}
        ]"#;
        let sessions = parse_sessions(body).unwrap();
        let ids: Vec<_> = sessions.iter().map(|session| &*session.user.id).collect();
        assert_eq!(ids, ["\u{fffd}x", "x\u{fffd}", "\\ud83d"]);
        assert_eq!(sessions[1].user.name.as_deref(), Some("😀 \u{fffd}😀"));
    }

    #[test]
    fn anything_else_is_a_fault_that_quotes_nothing() {
        for (body, said) in [
            (&b""[..], "an empty body"),
            (b"  \n", "an empty body"),
            (b"<html><form>", "a page of HTML"),
            (b"null", "`null`"),
            (b"{\"value\":[]}", "an object"),
            (b"\"hej\"", "something else"),
            (b"[{\"UserDirectory\":\"LAB\"", "half an answer"),
            (b"[{\"UserDirectory\":\"LAB\",\"UserId\":\"a\"}]", "has no `SessionId`"),
            (b"[{\"UserDirectory\":\"LAB\",\"UserId\":\"a\",\"SessionId\":4711}]", "is not a session"),
            (b"[{\"UserDirectory\":null,\"UserId\":\"a\",\"SessionId\":\"x4711\"}]", "is not a session"),
            (b"[] []", "is followed by something else"),
        ] {
            let text = parse_sessions(body).unwrap_err().to_string();
            assert!(text.contains(said), "{text}");
            assert!(!text.contains("4711"), "{text}");
        }
    }
}
