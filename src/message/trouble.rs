//! What silent pairs have in common: so that one cause is told as one, and headcount's own trouble as its own.

use std::collections::BTreeSet;

use super::{Trouble, clean};
use crate::snapshot::{Pair, Snapshot, UnseenKind};

/// Tells apart, of the pairs that were asked, what their silence comes from.
pub(super) fn of(snapshot: &Snapshot, asked: &impl Fn(&Pair) -> bool) -> Trouble {
    let silent: Vec<_> = snapshot.silent().filter(|(pair, _)| asked(pair)).collect();
    let pairs: Vec<&Pair> = snapshot.pairs().iter().map(|(pair, _)| pair).filter(|pair| asked(pair)).collect();
    let Some((first, _)) = silent.first() else { return Trouble::Several };
    let all_are = |kind: UnseenKind| silent.iter().all(|(_, why)| why.kind == kind);
    let proxies: BTreeSet<&str> = silent.iter().map(|(pair, _)| &*pair.proxy).collect();
    let everything = silent.len() == pairs.len();
    if everything && all_are(UnseenKind::NoNetwork) {
        return Trouble::OwnNetwork;
    }
    if all_are(UnseenKind::UnknownHost) {
        return Trouble::Names { hosts: proxies.len() as u64 };
    }
    if all_are(UnseenKind::Certificate) {
        return Trouble::Certificate;
    }
    if everything {
        return Trouble::Site;
    }
    let on_first = pairs.iter().filter(|pair| pair.proxy == first.proxy).count();
    match (proxies.len(), silent.len()) {
        (1, n) if n == on_first => Trouble::Proxy { proxy: clean(&first.proxy), pairs: n as u64 },
        (1, 1) => Trouble::Pair { proxy: clean(&first.proxy), prefix: clean(&first.prefix) },
        _ => Trouble::Several,
    }
}
