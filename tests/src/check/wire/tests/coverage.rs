//! What could not be read is told, and nothing is concluded from it.

use serde::Serialize;

use super::{History, command};

#[derive(Serialize)]
struct Renamed {
    epoch: u64,
    logs: Vec<u64>,
}

#[test]
fn a_cluster_whose_messages_are_read_has_no_gaps() {
    let mut h = History::of(3);
    h.elect(0, 1, (0, 0), &[1]);
    h.replicate(0, 1, (0, 0), &[1], 0, &[1]);
    assert_eq!(h.judge.coverage.gaps(), [""; 0]);
    assert_eq!(h.judge.coverage.renamed(), None);
}

#[test]
fn a_cluster_that_says_nothing_has_renamed_nothing() {
    assert_eq!(History::of(3).judge.coverage.renamed(), None);
}

#[test]
fn renamed_messages_are_told_and_not_judged() {
    let mut h = History::of(3);
    let sent = h.send(0, "replicate", 0, &Renamed { epoch: 1, logs: vec![1] });
    h.arrive(sent, 1);
    h.apply(1, 1, &command(1, 1));
    let gaps = h.judge.coverage.gaps();
    assert!(gaps.iter().any(|gap| gap.starts_with("checks off: votes (E5")), "{gaps:?}");
    assert_eq!(h.judge.coverage.renamed(), Some("the fields of RequestVote"));
    assert!(gaps.iter().any(|gap| gap.starts_with("checks off: log and commit")), "{gaps:?}");
    assert!(gaps.iter().any(|gap| gap.ends_with("none of the paper's: replicate")), "{gaps:?}");
    h.is_accepted();
}

#[test]
fn replies_without_the_fields_are_told_and_not_judged() {
    #[derive(Serialize)]
    struct Reply {
        ok: bool,
    }
    let mut h = History::of(3);
    h.save(0);
    let asked = h.ask(0, 1, (0, 0));
    h.arrive(asked, 1);
    h.reply(asked, 1, &Reply { ok: true });
    h.deliver(asked);
    h.append(0, 1, (0, 0), &[], 0);
    let gaps = h.judge.coverage.gaps();
    assert!(gaps[0].starts_with("checks off: replies to RequestVote"), "{gaps:?}");
    assert_eq!(h.judge.coverage.renamed(), Some("term and vote_granted in a reply"));
    h.is_accepted();
}
