//! Part 2X: a deposed leader that nobody asks anything, and that is told by replies alone.

use std::sync::Arc;

use labgob::Value;
use labrpc_host::{Event, Stage};
use parking_lot::Mutex;

use crate::harness::{Broken, Lab, Net, called, caller, command, drop_all, is_request, kind};

/// Goal: who is refused because of a later term is told that term, adopts it, and leads no more.
/// Rules E3, E10, R2.
pub(crate) fn told_by_a_reply(lab: &Lab) {
    let cluster = lab.cluster(3, Net::Reliable);
    cluster.one(&command(100), 3);
    let old = cluster.check_one_leader();
    let Some(state) = cluster.state(old) else { return };

    // The others elect one of themselves, and commit.
    let apart = cluster.network().hold(move |message| {
        is_request(message) && (caller(message) == Some(old) || called(message) == Some(old))
    });
    let others = [1, 2].map(|steps| cluster.after(old, steps));
    let leads = |_| {
        cluster.sleep_ms(20);
        let mut states = others.iter().filter_map(|server| cluster.state(*server));
        states.find(|state| state.is_leader).map(|state| state.term)
    };
    let Some(later) = (0..500).find_map(leads) else {
        cluster.fail(
            Broken::NoLeader,
            format!("servers {others:?} to elect one of themselves within 10 s"),
            "neither claims to lead".to_owned(),
        )
    };
    cluster.sleep_ms(300);

    // From now on the old leader can ask, and is asked nothing.
    let told = Arc::new(Mutex::new(Vec::new()));
    let written = told.clone();
    cluster.network().tap(move |event: &Event<'_>| {
        let message = &event.message;
        let known = kind(message).is_some() && plain(message.request_value());
        if event.stage == Stage::ReplyDelivered && caller(message) == Some(old) && known {
            written.lock().extend(message.field("term").and_then(Value::as_u64));
        }
    });
    let deaf =
        cluster.network().hold(move |message| is_request(message) && called(message) == Some(old));
    drop_all(&apart);
    drop(apart);

    for _ in 0..500 {
        if !told.lock().is_empty() {
            break;
        }
        cluster.sleep_ms(10);
    }
    cluster.sleep_ms(20);
    let told: Vec<u64> = told.lock().clone();
    let Some(highest) = told.iter().max() else { return };
    if *highest < later {
        cluster.fail(
            Broken::TermHidden,
            format!("replies that bear term {later}, in which the others are, or a later one"),
            format!("server {old}, which leads term {}, was told {told:?}", state.term),
        );
    }
    if let Some(now) = cluster.state(old).filter(|now| now.term < *highest) {
        let leads = if now.is_leader { ", and that it leads it" } else { "" };
        cluster.fail(
            Broken::HigherTermIgnored,
            format!("server {old} in term {highest}: a reply has told it so"),
            format!("it says that it is in term {}{leads}", now.term),
        );
    }
    drop_all(&deaf);
    drop(deaf);
    cluster.one_with_retry(&command(101), 3);
}

/// Whether a request has the fields of Figure 2 or Figure 13 and no others: what others mean is
/// the submission's business.
fn plain(request: Option<&Value<'_>>) -> bool {
    const KNOWN: [&str; 13] = [
        "term",
        "candidate_id",
        "last_log_index",
        "last_log_term",
        "leader_id",
        "prev_log_index",
        "prev_log_term",
        "entries",
        "leader_commit",
        "last_included_index",
        "last_included_term",
        "data",
        "offset",
    ];
    request
        .and_then(Value::fields)
        .is_some_and(|fields| fields.iter().all(|(name, _)| KNOWN.contains(name)))
}
