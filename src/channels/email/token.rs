//! Tokens in place of a password: fetched with a client's credentials, kept until shortly before they end.
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::channels::http::Client;
use crate::channels::{Outcome, Scope};
use crate::message::clean;
use crate::secret::Secret;

/// A token is fetched anew so long before it ends.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// How long a token lasts whose answer does not say.
const USUAL: i64 = 3600;
/// The longest error of an endpoint that is repeated.
const LONGEST_ERROR: usize = 120;

/// What to ask for a token, and the one that is kept.
#[derive(Clone)]
pub struct Grant {
    pub url: Secret,
    pub client_id: String,
    pub client_secret: Secret,
    pub scope: String,
    kept: Arc<Mutex<Option<Kept>>>,
}

struct Kept {
    token: Secret,
    until: Timestamp,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// What an endpoint answers, of either kind: <https://www.rfc-editor.org/rfc/rfc6749#section-5>.
#[derive(Deserialize)]
struct Told {
    access_token: Option<String>,
    expires_in: Option<i64>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Grant {
    pub fn new(url: Secret, client_id: String, client_secret: Secret, scope: String) -> Self {
        Self { url, client_id, client_secret, scope, kept: Arc::default() }
    }

    /// A token that is good for a while yet, and is not the one that was refused. Only one is fetched at a time.
    pub(super) async fn token(
        &self,
        client: &Client,
        refused: Option<&Secret>,
        now: Timestamp,
    ) -> Result<Secret, Outcome> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = &*kept
            && now < kept.until
            && refused != Some(&kept.token)
        {
            return Ok(kept.token.clone());
        }
        *kept = None;
        let fresh = self.fetch(client, now).await?;
        let token = fresh.token.clone();
        *kept = Some(fresh);
        Ok(token)
    }

    async fn fetch(&self, client: &Client, now: Timestamp) -> Result<Kept, Outcome> {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose()),
            ("scope", &self.scope),
        ];
        let (status, after, body) =
            client.post_form(&self.url, &fields, now).await.map_err(|outcome| self.told(outcome))?;
        let told: Option<Told> = serde_json::from_str(&body).ok();
        if let (200, Some(Told { access_token: Some(token), expires_in, .. })) = (status, &told) {
            let lasts = SignedDuration::from_secs(expires_in.unwrap_or(USUAL).clamp(0, 86_400));
            let until = now.checked_add(lasts - MARGIN.min(lasts / 5)).unwrap_or(now);
            return Ok(Kept { token: Secret::new(token.as_str()), until });
        }
        let said = told.and_then(|told| told.error_description.or(told.error)).unwrap_or_default();
        let said = clean(&said.chars().take(LONGEST_ERROR).collect::<String>());
        let said = if said.is_empty() { "no token".to_owned() } else { said };
        let why = format!("the token endpoint answered {status}: {said}");
        Err(self.told(match status {
            408 | 429 | 500.. => Outcome::Retry { after, scope: Scope::Channel, maybe_taken: false, why },
            _ => Outcome::ChannelDown { why: format!("{why}; look at `smtp.oauth2`") },
        }))
    }

    /// A failure as the mail's: no mail has been sent, all of the channel's wait, and the secret is not repeated.
    fn told(&self, outcome: Outcome) -> Outcome {
        let why = |why: String| {
            let why = why.replace(self.client_secret.expose(), "***");
            clean(&if why.contains("token endpoint") { why } else { format!("the token endpoint: {why}") })
        };
        match outcome {
            Outcome::Retry { after, why: told, .. } => {
                Outcome::Retry { after, scope: Scope::Channel, maybe_taken: false, why: why(told) }
            }
            Outcome::ChannelDown { why: told } | Outcome::Refused { why: told, .. } => {
                Outcome::ChannelDown { why: why(told) }
            }
            other => other,
        }
    }
}
