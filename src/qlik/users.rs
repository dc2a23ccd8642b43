//! What the repository knows of people: what they are called, and where they are written to.
//!
//! Asked only of those who were seen, many at once by a filter, so that nobody else's address is ever fetched.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;

use super::Qlik;
use super::call::encoded;
use super::fault::Fault;
use super::repository::{Repository, RepositoryUser, filter};
use crate::clean::clean;
use crate::snapshot::{Unseen, UnseenKind, User};

/// How many people are asked for at once: a filter of so many stays far below the 16 KB that Windows takes of a request's line.
const AT_ONCE: usize = 40;
/// How many such calls are made at once.
const CALLS: usize = 3;
/// The longest address, <https://www.rfc-editor.org/errata/eid1690>.
const LONGEST_ADDRESS: usize = 254;

/// Somebody whom the repository knows. `Debug` is masked with the user's.
#[derive(Clone, Debug)]
pub struct Account {
    /// With the name, where there is one that says more than the id.
    pub user: User,
    pub mail: Option<Address>,
}

/// An address of mail. `Debug` is masked: whose it is belongs in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(pub String);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(***)")
    }
}

impl Qlik {
    /// Whether the repository says what people are called: it is asked for the user on whose behalf it is asked.
    pub async fn tells_names(&self) -> Result<(), Unseen> {
        let user = self.settings.user.clone().unwrap_or_else(RepositoryUser::service).as_user();
        self.accounts(&[&user]).await.map(drop)
    }

    /// What the repository says of these people. Whom it does not know it leaves out.
    pub async fn accounts(&self, users: &[&User]) -> Result<Vec<Account>, Unseen> {
        let own;
        let repository = if let Some(repository) = &self.repository {
            &**repository
        } else {
            // A site whose proxies are listed has one all the same.
            own = Repository::new(&self.settings).map_err(|error| Unseen {
                kind: UnseenKind::Other,
                tried: "the repository".to_owned(),
                what: error.to_string(),
                advice: "see `host` and `trust` of the site".to_owned(),
            })?;
            &own
        };
        let each: Vec<String> = users.iter().map(|user| filter(&user.directory, &user.id)).collect();
        let mut asked = Vec::new();
        for some in each.chunks(AT_ONCE) {
            asked.push(repository.accounts(some.to_vec()));
        }
        // The first that fails ends it: the others would do no better.
        let said: Vec<Vec<Account>> = stream::iter(asked).buffered(CALLS).try_collect().await?;
        Ok(said.into_iter().flatten().collect())
    }
}

impl Repository {
    /// People by a filter for each of them.
    async fn accounts(&self, each: Vec<String>) -> Result<Vec<Account>, Unseen> {
        match self.some(&each.join(" or ")).await {
            Ok(accounts) => Ok(accounts),
            // One of them may have a name that it cannot take: then the others are asked for without it.
            Err((Fault::Status { status: 400 }, _)) if each.len() > 1 => {
                let mut all = Vec::new();
                for one in &each {
                    match self.some(one).await {
                        Ok(accounts) => all.extend(accounts),
                        Err((Fault::Status { status: 400 }, _)) => {}
                        Err((_, why)) => return Err(why),
                    }
                }
                Ok(all)
            }
            Err((_, why)) => Err(why),
        }
    }

    async fn some(&self, filter: &str) -> Result<Vec<Account>, (Fault, Unseen)> {
        let url = self.url("user/full", Some(&format!("filter={}", encoded(filter))));
        match self.list::<WireAccount>(&url, "a list of users").await {
            Ok(accounts) => Ok(accounts.into_iter().map(Account::from).collect()),
            Err(fault) => {
                let why = self.told(&fault, &url);
                Err((fault, why))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAccount {
    user_id: String,
    user_directory: String,
    name: Option<String>,
    attributes: Option<Vec<WireAttribute>>,
    inactive: Option<bool>,
    removed_externally: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAttribute {
    attribute_type: Option<String>,
    attribute_value: Option<String>,
}

impl From<WireAccount> for Account {
    fn from(wire: WireAccount) -> Self {
        let gone = wire.inactive == Some(true) || wire.removed_externally == Some(true);
        let mail = wire.attributes.unwrap_or_default().into_iter().find_map(|attribute| {
            let kind = attribute.attribute_type?.to_ascii_lowercase();
            let value = attribute.attribute_value?;
            matches!(kind.as_str(), "email" | "e-mail" | "mail").then(|| address(&value)).flatten()
        });
        let name = wire.name.map(|name| clean(&name)).filter(|name| {
            let name = name.trim();
            !name.is_empty() && !name.eq_ignore_ascii_case(&wire.user_id)
        });
        let user = User { directory: wire.user_directory.into(), id: wire.user_id.into(), name: name.map(Into::into) };
        Self { user, mail: mail.filter(|_| !gone) }
    }
}

/// One plain address, and nothing beside it that could be a second one or a header.
fn address(text: &str) -> Option<Address> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"@".contains(c);
    let fine = !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && text.len() <= LONGEST_ADDRESS
        && local.chars().chain(domain.chars()).all(plain);
    fine.then(|| Address(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_address() {
        for (text, fine) in [
            ("anna@example.com", true),
            (" o'brien+x@mail.example.com ", true),
            ("å@exämple.se", true),
            ("anna", false),
            ("anna@localhost", false),
            ("@example.com", false),
            ("anna@example.com, bo@example.com", false),
            ("anna@example.com\r\nBcc: x@y.z", false),
            ("Anna <anna@example.com>", false),
            ("a@b@example.com", false),
            ("anna@.com", false),
        ] {
            assert_eq!(address(text).is_some(), fine, "{text}");
        }
    }

    #[test]
    fn a_name_that_says_no_more_than_the_id_is_none_and_who_is_gone_has_no_address() {
        let account = |json: &str| Account::from(serde_json::from_str::<WireAccount>(json).unwrap());
        let full = account(
            r#"{"id":"x","userId":"anna","userDirectory":"CORP","name":"Anna A","attributes":[
            {"attributeType":"group","attributeValue":"x@y.z"},{"attributeType":"Email","attributeValue":"anna@example.com"}]}"#,
        );
        assert_eq!(
            (full.user.name.as_deref(), full.mail.map(|mail| mail.0)),
            (Some("Anna A"), Some("anna@example.com".to_owned()))
        );
        let bare = account(r#"{"userId":"bo","userDirectory":"CORP","name":"BO","attributes":null}"#);
        assert_eq!((bare.user.name, bare.mail), (None, None));
        let gone = account(
            r#"{"userId":"cy","userDirectory":"CORP","name":null,"removedExternally":true,
            "attributes":[{"attributeType":"email","attributeValue":"cy@example.com"}]}"#,
        );
        assert_eq!(gone.mail, None);
    }
}
