//! One session, and how a proxy spells it.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value, json};

/// How the fields of an answer are spelt: the servers that tools meet, or the vendor's own description of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spelling {
    #[default]
    Pascal,
    Camel,
}

/// The value of a session's cookie: whoever holds it is that user, so it shows itself to nobody.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(String);

impl SessionId {
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// A new one, in the form of a GUID.
    pub fn random() -> Self {
        let hex = random_hex();
        let part = |range| &hex[range];
        Self(format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)))
    }

    /// The id itself; a test looks for it where it must not be.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a proxy says of a user's display name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Name {
    /// No such field, as most servers answer.
    #[default]
    Absent,
    Null,
    Is(String),
}

/// One open session of one virtual proxy on one proxy.
#[derive(Clone, Debug)]
pub struct Session {
    pub directory: String,
    pub user: String,
    pub id: SessionId,
    pub name: Name,
    /// In order; a name may repeat. `None`: the field is missing.
    pub attributes: Option<Vec<(String, String)>>,
    /// Fields that no description names, beside the known ones.
    pub unknown: Map<String, Value>,
}

impl Session {
    /// A new session of `directory\user`, with no attributes and no display name.
    pub fn new(directory: &str, user: &str) -> Self {
        Self {
            directory: directory.to_owned(),
            user: user.to_owned(),
            id: SessionId::random(),
            name: Name::Absent,
            attributes: Some(Vec::new()),
            unknown: Map::new(),
        }
    }

    /// A session of somebody who did not log in: a new name each time.
    pub fn anonymous() -> Self {
        Self { name: Name::Null, ..Self::new("NONE", &format!("anonymous{}", SessionId::random().0)) }
    }

    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Name::Is(name.to_owned()), ..self }
    }

    #[must_use]
    pub fn with_null_name(self) -> Self {
        Self { name: Name::Null, ..self }
    }

    #[must_use]
    pub fn without_attributes(self) -> Self {
        Self { attributes: None, ..self }
    }

    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.get_or_insert_default().push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn with_unknown(mut self, name: &str, value: Value) -> Self {
        self.unknown.insert(name.to_owned(), value);
        self
    }

    pub(super) fn is_of(&self, directory: &str, user: &str) -> bool {
        self.directory.to_lowercase() == directory.to_lowercase() && self.user.to_lowercase() == user.to_lowercase()
    }

    pub(super) fn to_json(&self, spelling: Spelling) -> Value {
        let key = |pascal: &str| match spelling {
            Spelling::Pascal => pascal.to_owned(),
            Spelling::Camel => pascal[..1].to_lowercase() + &pascal[1..],
        };
        let mut fields = self.unknown.clone();
        fields.insert(key("UserDirectory"), json!(self.directory));
        fields.insert(key("UserId"), json!(self.user));
        fields.insert(key("SessionId"), json!(self.id.0));
        match &self.name {
            Name::Absent => {}
            Name::Null => drop(fields.insert(key("UserName"), Value::Null)),
            Name::Is(name) => drop(fields.insert(key("UserName"), json!(name))),
        }
        if let Some(attributes) = &self.attributes {
            let each = attributes.iter().map(|(name, value)| json!({ name: value })).collect();
            fields.insert(key("Attributes"), Value::Array(each));
        }
        Value::Object(fields)
    }
}

/// 32 digits.
fn random_hex() -> String {
    use std::fmt::Write as _;
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("the machine gives randomness");
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String takes all that is written");
        hex
    })
}
