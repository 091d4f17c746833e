//! Part 2X: snapshots that are old, that come again, or that cover only a part.

use labrt::time::Duration;

use crate::harness::{
    Broken, Cluster, Command, EntryId, Kind, Lab, Net, Overtaken, Puppets, Request, Wiretap,
    command,
};

/// A cluster in which a server was sent a snapshot.
struct CaughtUp {
    cluster: Cluster,
    /// It saw that.
    wiretap: Wiretap,
    /// The server, which was away while the others went on.
    away: usize,
    /// What all have applied since.
    index: u64,
}

fn caught_up_by_snapshot(lab: &Lab) -> CaughtUp {
    let cluster = lab.snapshotting_cluster(3, Net::Reliable);
    let wiretap = Wiretap::on(&cluster);
    let agree = |servers| cluster.one_with_retry(&cluster.random_command(), servers);
    agree(3);
    let away = cluster.after(cluster.check_one_leader(), 1);
    cluster.disconnect(away);
    for _ in 0..20 {
        agree(2);
    }
    cluster.connect(away);
    let index = agree(3);
    CaughtUp { cluster, wiretap, away, index }
}

/// Goal: what follows a snapshot in the log stays, if it was acknowledged; what a snapshot covers
/// is delivered once, and in order; an older snapshot changes nothing. All of it crash or not.
/// Rules N4, N5, N7, N8, N2.
pub(crate) fn partial_snapshot(lab: &Lab) {
    let CaughtUp { cluster, wiretap, away, index } = caught_up_by_snapshot(lab);

    // A snapshot was sent, so its shape is known. One in several pieces is not made up here.
    let whole = wiretap
        .requests(|request| request.kind == Kind::InstallSnapshot && request.to == away)
        .iter()
        .all(|request| request.is_whole_snapshot());
    let puppets = Puppets::of(cluster, wiretap, away, index);
    if !whole {
        let note = "snapshots are sent in pieces: what a part of one does was not tried";
        puppets.cluster.referee().warn(note.to_owned());
        return;
    }
    for crash in [false, true] {
        puppets.play(|term| puppets.partial_snapshot(term, crash));
    }
}

/// Goal: a peer that has the snapshot is not sent it again. Rule N6.
pub(crate) fn snapshot_once(lab: &Lab) {
    let CaughtUp { cluster, wiretap, index, .. } = caught_up_by_snapshot(lab);
    cluster.sleep_ms(500);

    let sent = |request: &Request| request.kind == Kind::InstallSnapshot;
    let before = wiretap.requests(sent).len();
    cluster.sleep_ms(2000);
    let more = wiretap.requests(sent).len() - before;
    if 0 < more {
        cluster.fail(
            Broken::SnapshotSentAgain,
            format!("no snapshot sent: all servers have applied index {index}"),
            format!("{more} were sent within two seconds"),
        );
    }
}

/// Goal: the service may hand in a snapshot that it has handed in before, or an older one: nothing
/// is lost, and nothing goes back. Rules N9, N1, N2.
pub(crate) fn snapshot_again(lab: &Lab) {
    let cluster = lab.snapshotting_cluster(3, Net::Reliable);
    let agree = || cluster.one_with_retry(&cluster.random_command(), 3);
    let mut last = 0;
    for _ in 0..3 {
        // The service has just made a snapshot, of all that was applied.
        last = agree();
        while last % 10 != 9 {
            last = agree();
        }
        cluster.sleep_ms(20);
        for server in cluster.all() {
            for index in [last, 9, 5, 1] {
                cluster.snapshot(server, index);
            }
        }
        cluster.check_saved_state_bytes();
        cluster.all().for_each(|server| cluster.crash(server));
        cluster.all().for_each(|server| cluster.restart(server));
        let next = agree();
        cluster.check_follows(next, last);
    }
    let next = agree();
    cluster.check_follows(next, last);
}

impl Puppets {
    fn partial_snapshot(&self, term: u64, crash: bool) -> Result<(), Overtaken> {
        const LIMIT: Duration = Duration::from_secs(1);
        let pause = || {
            if crash {
                self.restart();
            }
        };
        // Six entries are acknowledged, and two of them known to be committed.
        let base = self.base();
        let entries: Vec<(u64, Command)> =
            (1..=6).map(|steps| (term, command(format!("entry {}", base.index + steps)))).collect();
        // The leader has applied them all.
        let leader = self.cluster.after(self.subject, 1);
        for (index, (_, command)) in (base.index + 1..).zip(&entries) {
            if self.cluster.applied().last_applied(leader) < index {
                const FIRST_LIFE: u32 = 1; // It never crashes here.
                let bytes = command.to_vec();
                let recorded = self.cluster.applied().record(leader, FIRST_LIFE, index, bytes);
                recorded.unwrap_or_else(|violation| self.cluster.referee().fail(violation));
            }
        }
        let at = |steps| EntryId { index: base.index + steps, term };
        self.must_match(term, base, &entries, base.index + 2)?;
        self.must_apply(base.index + 2);
        self.must_match(term, at(6), &[], base.index + 2)?;

        // A snapshot of the first four arrives: two more are committed, and two stay.
        let commands: Vec<Command> = entries.iter().map(|(_, command)| command.clone()).collect();
        let four = self.cluster.applied().snapshot_with(base.index, &commands[..4]);
        let told = self.install(term, at(4), &four);
        if told.is_none_or(|told| term < told) {
            return Err(Overtaken);
        }
        if !self.cluster.applies_within(self.subject, base.index + 4, LIMIT) {
            self.fail(
                Broken::NotAppliedInSilence,
                format!("a snapshot up to index {} delivered", base.index + 4),
                format!("server {} did not deliver it within {LIMIT:?}", self.subject),
            );
        }
        pause();
        self.must_match(term, at(6), &[], base.index + 4)?;

        // An older snapshot arrives, and changes nothing.
        let three = self.cluster.applied().snapshot_with(base.index, &commands[..3]);
        self.install(term, at(3), &three);
        self.must_match(term, at(6), &[], base.index + 5)?;
        self.must_apply(base.index + 5);
        self.install(term, at(4), &four);
        pause();
        self.must_match(term, at(6), &[], base.index + 6)?;
        self.must_apply(base.index + 6);
        Ok(())
    }
}
