//! What every answer of every vendor means.

use jiff::SignedDuration;

use super::super::{Outcome, Scope, email, file, slack, teams, webhook};

/// The outcome in one word.
fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered => "delivered".to_owned(),
        Outcome::Posted { receipt } => format!("posted as {receipt}"),
        Outcome::Gone { .. } => "gone".to_owned(),
        Outcome::Retry { after, scope, maybe_taken, .. } => {
            let after = after.map_or_else(String::new, |after| format!(" after {}s", after.as_secs()));
            let scope = if *scope == Scope::Channel { " whole channel" } else { "" };
            let maybe = if *maybe_taken { " maybe taken" } else { "" };
            format!("retry{after}{scope}{maybe}")
        }
        Outcome::Refused { degrade: true, .. } => "refused, degrade".to_owned(),
        Outcome::Refused { degrade: false, .. } => "refused".to_owned(),
        Outcome::ChannelDown { .. } => "channel down".to_owned(),
    }
}

#[test]
fn slack() {
    for (status, wait, body, meaning) in [
        (200, None, "ok", "delivered"),
        (200, None, "OK", "retry maybe taken"),
        (200, None, "", "retry maybe taken"),
        (200, None, "<html>Sign in</html>", "retry maybe taken"),
        (400, None, "invalid_payload", "refused, degrade"),
        (400, None, "no_text", "refused, degrade"),
        (400, None, "user_not_found", "refused, degrade"),
        (400, None, "invalid_attachments", "refused, degrade"),
        (400, None, "too_many_attachments", "refused, degrade"),
        (400, None, "invalid_blocks", "refused, degrade"),
        (400, None, "invalid_blocks_format", "refused, degrade"),
        (400, None, "invalid_token", "channel down"),
        (403, None, "invalid_token", "channel down"),
        (403, None, "action_prohibited", "channel down"),
        (403, None, "posting_to_general_channel_denied", "channel down"),
        (404, None, "channel_not_found", "channel down"),
        (404, None, "no_service", "channel down"),
        (404, None, "no_service_id", "channel down"),
        (404, None, "no_team", "channel down"),
        (400, None, "no_active_hooks", "channel down"),
        (404, None, "", "channel down"),
        (410, None, "channel_is_archived", "channel down"),
        (413, None, "", "refused, degrade"),
        (429, Some(30), "", "retry after 30s whole channel"),
        (429, None, r#"{"retry_after":7,"ok":false,"error":"rate_limited"}"#, "retry after 7s whole channel"),
        (429, Some(30), r#"{"retry_after":7,"ok":false,"error":"rate_limited"}"#, "retry after 30s whole channel"),
        (429, None, "", "retry whole channel"),
        (500, None, "rollup_error", "retry"),
        (503, Some(60), "", "retry after 60s"),
        (408, None, "", "retry"),
        (405, None, "", "channel down"),
    ] {
        let outcome = slack::judge_status(status, wait.map(SignedDuration::from_secs), body);
        assert_eq!(word(&outcome), meaning, "{status} {body}: {outcome:?}");
    }
}

#[test]
fn slack_by_a_bot() {
    use slack::Asked::{Edit, Post, Reply};
    let error = |word: &str| format!(r#"{{"ok":false,"error":"{word}","needed":"chat:write","provided":"identify"}}"#);
    let taken = r#"{"ok":true,"channel":"C012","ts":"1405894322.002768","message":{"text":"x"}}"#.to_owned();
    for (asked, status, wait, body, meaning) in [
        (Post, 200, None, taken.clone(), "posted as C012/1405894322.002768"),
        (Edit, 200, None, taken, "posted as C012/1405894322.002768"),
        (Post, 200, None, r#"{"ok":true}"#.to_owned(), "delivered"),
        (Post, 200, None, "ok".to_owned(), "retry maybe taken"),
        (Post, 200, None, "<html>Sign in</html>".to_owned(), "retry maybe taken"),
        (Post, 200, None, r#"{"ok":false}"#.to_owned(), "retry maybe taken"),
        (Post, 200, None, error("not_authed"), "channel down"),
        (Post, 200, None, error("invalid_auth"), "channel down"),
        (Edit, 200, None, error("token_revoked"), "channel down"),
        (Post, 200, None, error("token_expired"), "channel down"),
        (Post, 401, None, error("account_inactive"), "channel down"),
        (Reply, 200, None, error("missing_scope"), "channel down"),
        (Post, 200, None, error("not_allowed_token_type"), "channel down"),
        (Post, 200, None, error("access_denied"), "channel down"),
        (Post, 200, None, error("channel_not_found"), "channel down"),
        (Post, 200, None, error("not_in_channel"), "channel down"),
        (Post, 200, None, error("is_archived"), "channel down"),
        (Post, 200, None, error("restricted_action_read_only_channel"), "channel down"),
        (Post, 200, None, error("a_word_of_tomorrow"), "channel down"),
        (Reply, 200, None, error("channel_not_found"), "gone"),
        (Reply, 200, None, error("is_archived"), "gone"),
        (Reply, 200, None, error("thread_not_found"), "gone"),
        (Edit, 200, None, error("channel_not_found"), "gone"),
        (Edit, 200, None, error("message_not_found"), "gone"),
        (Edit, 200, None, error("edit_window_closed"), "gone"),
        (Edit, 200, None, error("cant_update_message"), "gone"),
        (Post, 200, None, error("invalid_blocks"), "refused, degrade"),
        (Edit, 200, None, error("invalid_blocks"), "refused, degrade"),
        (Post, 200, None, error("msg_too_long"), "refused, degrade"),
        (Post, 200, None, error("msg_blocks_too_long"), "refused, degrade"),
        (Post, 200, None, error("no_text"), "refused, degrade"),
        (Post, 200, None, error("invalid_arguments"), "refused, degrade"),
        (Post, 413, None, String::new(), "refused, degrade"),
        (Post, 429, Some(30), error("ratelimited"), "retry after 30s whole channel"),
        (Post, 200, None, error("ratelimited"), "retry whole channel"),
        (Edit, 200, Some(7), error("rate_limited"), "retry after 7s whole channel"),
        (Post, 429, Some(3), String::new(), "retry after 3s whole channel"),
        (Post, 429, Some(3), error("anything"), "retry after 3s whole channel"),
        (Post, 200, None, error("service_unavailable"), "retry"),
        (Post, 200, None, error("request_timeout"), "retry"),
        (Post, 200, None, error("internal_error"), "retry maybe taken"),
        (Edit, 200, None, error("fatal_error"), "retry"),
        (Post, 500, None, String::new(), "retry"),
        (Post, 503, Some(60), "<html>".to_owned(), "retry after 60s"),
        (Post, 404, None, "<html>".to_owned(), "channel down"),
    ] {
        let wait = wait.map(SignedDuration::from_secs);
        let outcome = slack::judge_answer(asked, "#ops", status, wait, &body);
        assert_eq!(word(&outcome), meaning, "{asked:?} {status} {body}: {outcome:?}");
        // What somebody has to mend says how.
        if let Outcome::ChannelDown { why } = &outcome {
            assert!(why.contains(": ") && why.chars().count() < 200, "{why}");
        }
    }
}

#[test]
fn teams() {
    let error = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"No."}}}}"#);
    for (status, wait, body, meaning) in [
        (202, None, String::new(), "delivered"),
        (200, None, "anything".to_owned(), "delivered"),
        (400, None, error("InvalidRequestContent"), "refused, degrade"),
        (400, None, error("WorkflowTriggerIsNotEnabled"), "channel down"),
        (401, None, error("DirectApiAuthorizationRequired"), "channel down"),
        (403, None, String::new(), "channel down"),
        (404, None, error("WorkflowNotFound"), "channel down"),
        (410, None, String::new(), "channel down"),
        (413, None, String::new(), "refused, degrade"),
        (429, Some(12), String::new(), "retry after 12s whole channel"),
        (429, None, String::new(), "retry whole channel"),
        (500, None, String::new(), "retry"),
        (502, None, "<html>".to_owned(), "retry"),
    ] {
        let outcome = teams::judge_status(status, wait.map(SignedDuration::from_secs), &body);
        assert_eq!(word(&outcome), meaning, "{status} {body}: {outcome:?}");
    }
}

#[test]
fn webhooks() {
    for (status, wait, body, meaning) in [
        (200, None, "", "delivered"),
        (202, None, "whatever", "delivered"),
        (204, None, "", "delivered"),
        (400, None, "bad field", "refused, degrade"),
        (401, None, "", "channel down"),
        (403, None, "", "channel down"),
        (404, None, "", "channel down"),
        (405, None, "", "channel down"),
        (407, None, "", "channel down"),
        (408, None, "", "retry"),
        (410, None, "", "channel down"),
        (413, None, "", "refused, degrade"),
        (415, None, "", "refused, degrade"),
        (422, None, "", "refused, degrade"),
        (425, None, "", "retry"),
        (429, Some(12), "", "retry after 12s whole channel"),
        (429, None, "", "retry whole channel"),
        (500, None, "", "retry"),
        (502, None, "<html>", "retry"),
        (503, Some(60), "", "retry after 60s"),
        (504, None, "", "retry"),
    ] {
        let outcome = webhook::judge_status(status, wait.map(SignedDuration::from_secs), body);
        assert_eq!(word(&outcome), meaning, "{status} {body}: {outcome:?}");
    }
}

#[test]
fn files() {
    use std::io::ErrorKind;
    for (kind, meaning, told) in [
        (ErrorKind::StorageFull, "retry whole channel", "the disk of `/x` is full: make room"),
        (ErrorKind::QuotaExceeded, "retry whole channel", "is full"),
        (ErrorKind::PermissionDenied, "channel down", "this user may not write into `/x`"),
        (ErrorKind::ReadOnlyFilesystem, "channel down", "mounted read-only"),
        (ErrorKind::NotADirectory, "channel down", "not a folder"),
        (ErrorKind::IsADirectory, "channel down", "not a folder"),
        (ErrorKind::Other, "retry whole channel", "cannot write into `/x`"),
    ] {
        let outcome = file::judge_error(std::path::Path::new("/x"), &kind.into());
        assert_eq!(word(&outcome), meaning, "{kind}");
        assert!(format!("{outcome:?}").contains(told), "{outcome:?}");
    }
}

#[test]
fn mail() {
    use email::Stage::{Connect, Content, End, Login, Private, Recipient, Sender};
    for (stage, code, text, meaning) in [
        (Connect, 421, "4.3.2 closing", "retry whole channel"),
        (Connect, 450, "4.7.1 not yet", "retry whole channel"),
        (Connect, 554, "5.7.1 no service for you", "channel down"),
        (Connect, 500, "what?", "channel down"),
        (Private, 454, "TLS not available due to temporary reason", "retry whole channel"),
        (Private, 502, "5.5.1 not implemented", "channel down"),
        (Login, 454, "4.7.0 temporary authentication failure", "retry whole channel"),
        (Login, 535, "5.7.8 bad credentials", "channel down"),
        (Login, 535, "5.7.139 Authentication unsuccessful, basic authentication is disabled.", "channel down"),
        (Login, 550, "5.7.30 Basic authentication is not supported for Client Submission.", "channel down"),
        (Sender, 451, "4.1.8 domain not found", "retry"),
        (Sender, 503, "5.5.1 authenticate first", "channel down"),
        (Sender, 530, "5.7.57 Client not authenticated to send mail.", "channel down"),
        (Sender, 550, "5.7.1 not your address", "channel down"),
        (Sender, 552, "5.3.4 message too big", "refused, degrade"),
        (Recipient, 421, "4.7.0 too many", "retry whole channel"),
        (Recipient, 450, "4.2.0 greylisted", "retry"),
        (Recipient, 452, "4.2.2 mailbox full", "retry"),
        (Recipient, 550, "5.1.1 user unknown", "refused"),
        (Recipient, 550, "no such user", "refused"),
        (Recipient, 550, "5.7.1 this group takes mail from its members alone", "refused"),
        (Recipient, 550, "5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup", "refused"),
        (Recipient, 554, "5.7.1 <x@y.example>: Relay access denied", "refused"),
        (Recipient, 553, "5.7.1 <h@example.com>: Sender address rejected: not owned by user h", "channel down"),
        (Recipient, 554, "5.7.1 <unknown[10.0.0.9]>: Client host rejected: Access denied", "channel down"),
        (Recipient, 550, "5.1.8 <h@example.com>: bad sender", "channel down"),
        (Recipient, 530, "5.7.0 authentication required", "channel down"),
        (Content, 554, "5.5.1 no valid recipients", "refused"),
        (End, 451, "later", "retry"),
        (End, 452, "4.3.1 insufficient storage", "retry"),
        (End, 552, "message exceeds the limit", "refused, degrade"),
        (End, 554, "5.3.4 message size exceeds fixed limit", "refused, degrade"),
        (End, 554, "5.6.0 not liked", "refused"),
        (End, 554, "5.7.1 looks like spam", "refused"),
        (End, 550, "5.7.60 SMTP; Client does not have permissions to send as this sender", "channel down"),
        (End, 554, "5.2.252 SendAsDenied; h@example.com not allowed to send as", "channel down"),
    ] {
        let outcome = email::judge_reply(stage, code, text);
        assert_eq!(word(&outcome), meaning, "{stage:?} {code} {text}: {outcome:?}");
    }
}

#[test]
fn what_servers_say_is_cleaned_and_cut() {
    let loud = format!("a\r\nb\u{1b}[31m{}", "x".repeat(500));
    for outcome in [
        slack::judge_status(400, None, &loud),
        email::judge_reply(email::Stage::Recipient, 550, &loud),
        webhook::judge_status(400, None, &loud),
    ] {
        let Outcome::Refused { why, .. } = outcome else { panic!("{outcome:?}") };
        assert!(why.chars().count() <= 200 && !why.chars().any(char::is_control), "{why:?}");
    }
}
