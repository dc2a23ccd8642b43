//! What a mail server's answer means, by where in the conversation it was given. Thinks only.

use crate::channels::{Outcome, Scope};
use crate::message::{clean, clean_to};

/// Where a conversation with a mail server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Until the server has introduced itself.
    Connect,
    /// While the connection becomes private.
    Private,
    Login,
    Sender,
    Recipient,
    /// The mail is announced.
    Content,
    /// The mail is under way, or sent and not yet answered for.
    End,
}

impl Stage {
    /// How an operator would say it.
    fn place(self) -> &'static str {
        match self {
            Self::Connect => "to the greeting",
            Self::Private => "to the start of TLS",
            Self::Login => "to the login",
            Self::Sender => "to the sender's address",
            Self::Recipient => "to the recipient's address",
            Self::Content => "to the announcement of the mail",
            Self::End => "to the mail",
        }
    }
}

/// The longest answer that is repeated, so that what follows it is not cut off.
const LONGEST_ANSWER: usize = 160;

/// Enhanced codes that speak of the sender or the login at whatever stage they come: a server may put off all it has to say
/// until it knows the recipient, or has the mail.
/// <https://www.rfc-editor.org/rfc/rfc3463>, <https://www.rfc-editor.org/rfc/rfc4954#section-6>,
/// <https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/non-delivery-reports-in-exchange-online>
const OF_THE_SENDER: &[&str] = &[
    "5.1.7", "5.1.8", "5.2.252", "5.7.8", "5.7.9", "5.7.11", "5.7.30", "5.7.57", "5.7.60", "5.7.705", "5.7.708",
    "5.7.750",
];
/// The same where no code tells: <https://www.postfix.org/SMTPD_ACCESS_README.html> puts these off until the recipient.
const WORDS_OF_THE_SENDER: &[&str] =
    &["sender address rejected", "client host rejected", "helo command rejected", "sendasdenied"];
/// The mail is larger than the server takes.
const TOO_LARGE: &[&str] = &["5.3.4", "5.2.3"];

/// What a server's refusal means: <https://www.rfc-editor.org/rfc/rfc5321#section-4.2.3>.
pub fn judge_reply(stage: Stage, code: u16, text: &str) -> Outcome {
    let answer = clean_to(format!("the mail server answered {code} {text}").trim(), LONGEST_ANSWER);
    let why = clean(&format!("{answer}, {}", stage.place()));
    let enhanced = text.split_whitespace().next().unwrap_or_default();
    let lower = text.to_lowercase();
    let before_the_sender = stage < Stage::Sender;
    if code < 500 {
        // 421 ends the conversation; before the sender is named, nothing said is about one mail.
        let whole = code == 421 || before_the_sender;
        let scope = if whole { Scope::Channel } else { Scope::Delivery };
        return Outcome::Retry { after: None, scope, maybe_taken: false, why };
    }
    let of_the_sender =
        OF_THE_SENDER.contains(&enhanced) || WORDS_OF_THE_SENDER.iter().any(|words| lower.contains(words));
    if before_the_sender || of_the_sender {
        return Outcome::ChannelDown { why };
    }
    let too_large = code == 552 || TOO_LARGE.contains(&enhanced);
    match (stage, code) {
        _ if too_large => Outcome::Refused { why, degrade: true },
        // Not logged in, a login too weak, or a server that does not speak as it should.
        (_, 530 | 534 | 535 | 538 | 500 | 502..=504) | (Stage::Sender, _) => Outcome::ChannelDown { why },
        // An unknown mailbox, a policy against this recipient, a text not liked: this mail alone.
        _ => Outcome::Refused { why, degrade: false },
    }
}
