//! One vote a server and term, a majority of them before anyone leads, and one leader a term.
//! Rules E5, E7, E8, P1, P2; Figure 3, election safety.

use std::time::Duration;

use super::by_term::ByTerm;
use super::{Term, broken_if};
use crate::harness::{Broken, Violation, seconds, servers};

/// All elections, by term.
pub(super) struct Votes {
    servers: usize,
    elections: ByTerm<Election>,
    /// The term whose leader was looked at last, and who that is, in which life.
    last_leader: Option<(Term, usize, u32)>,
    /// Whether votes can be counted: they were seen, and none was of a kind not judged.
    readable: bool,
    unreadable: bool,
}

struct Election {
    /// Whom each server has given its vote.
    votes: Vec<Option<Vote>>,
    /// In which life each server has asked for votes.
    candidacies: Vec<Option<u32>>,
    /// For each candidate, whose votes have reached it.
    received: Vec<u64>,
    /// How often each server had saved, plus 1, when it was first asked by each candidate.
    asked: Vec<u64>,
    leader: Option<Leader>,
}

#[derive(Clone, Copy)]
struct Vote {
    candidate: usize,
    life: u32,
    at: Duration,
}

struct Leader {
    server: usize,
    at: Duration,
    how: &'static str,
}

/// A server in one of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) server: usize,
    pub(super) life: u32,
}

impl Votes {
    pub(super) fn new(servers: usize) -> Self {
        Self {
            servers,
            elections: ByTerm::default(),
            last_leader: None,
            readable: false,
            unreadable: false,
        }
    }

    /// A request or a reply was seen that may be about votes and cannot be judged: no leader is
    /// asked for its votes from now on.
    pub(super) fn give_up(&mut self) {
        self.unreadable = true;
    }

    fn election(&mut self, term: Term) -> &mut Election {
        let servers = self.servers;
        self.elections.entry(term).or_insert_with(|| Election {
            votes: vec![None; servers],
            candidacies: vec![None; servers],
            received: vec![0; servers],
            asked: vec![0; servers * servers],
            leader: None,
        })
    }

    /// `who` asks for votes, so it has given itself its own (E8).
    pub(super) fn candidacy(
        &mut self,
        term: Term,
        who: Who,
        at: Duration,
    ) -> Result<(), Violation> {
        self.readable = true;
        let election = self.election(term);
        election.candidacies[who.server] = Some(who.life);
        election.received[who.server] |= 1 << who.server;
        election.vote(term, who, who.server, at)
    }

    /// A request for a vote arrives.
    pub(super) fn asked(&mut self, term: Term, voter: usize, candidate: usize, saves: u64) {
        let place = voter * self.servers + candidate;
        let asked = &mut self.election(term).asked[place];
        if *asked == 0 {
            *asked = saves + 1;
        }
    }

    /// `voter` has granted its vote: the reply leaves. It was saved before (P1).
    pub(super) fn granted(
        &mut self,
        term: Term,
        voter: Who,
        candidate: usize,
        saves: u64,
        at: Duration,
    ) -> Result<(), Violation> {
        let place = voter.server * self.servers + candidate;
        let election = self.election(term);
        election.vote(term, voter, candidate, at)?;
        let asked = election.asked[place];
        // Asked is one more than the saves were then.
        broken_if(voter.server != candidate && 0 < asked && saves < asked, || {
            Violation::new(
                Broken::UnsavedVote,
                format!(
                    "server {}'s vote for server {candidate} in term {term} saved before the \
                     reply leaves",
                    voter.server
                ),
                format!(
                    "the reply left at {}, and nothing was saved since the request arrived",
                    seconds(at)
                ),
            )
        })
    }

    /// A vote has reached its candidate.
    pub(super) fn received(&mut self, term: Term, voter: usize, candidate: usize) {
        self.election(term).received[candidate] |= 1 << voter;
    }

    /// Who leads `term`, as far as was seen.
    pub(super) fn leader(&self, term: Term) -> Option<usize> {
        match self.last_leader {
            Some((known, server, _)) if known == term => Some(server),
            _ => self.elections.get(&term)?.leader.as_ref().map(|leader| leader.server),
        }
    }

    /// `who` acts as leader of `term`, or says that it is.
    pub(super) fn leads(
        &mut self,
        term: Term,
        who: Who,
        how: &'static str,
        at: Duration,
    ) -> Result<(), Violation> {
        if self.last_leader == Some((term, who.server, who.life)) {
            return Ok(());
        }
        let judged = self.readable && !self.unreadable && 1 < self.servers;
        let all = self.servers;
        let election = self.election(term);
        match &election.leader {
            Some(first) => first.check_alone(term, who, how, at)?,
            None => {
                election.leader = Some(Leader { server: who.server, at, how });
            }
        }
        if judged {
            election.check_majority(term, who, all, how, at)?;
        }
        self.last_leader = Some((term, who.server, who.life));
        Ok(())
    }
}

impl Election {
    fn vote(
        &mut self,
        term: Term,
        voter: Who,
        candidate: usize,
        at: Duration,
    ) -> Result<(), Violation> {
        let Who { server, life } = voter;
        match self.votes[server] {
            None => {
                self.votes[server] = Some(Vote { candidate, life, at });
                Ok(())
            }
            Some(first) if first.candidate == candidate => Ok(()),
            Some(first) => Err(Violation::new(
                if first.life == life { Broken::TwoVotes } else { Broken::VoteForgotten },
                format!(
                    "one vote of server {server} in term {term}: it gave {} at {}{}",
                    first.words(server),
                    seconds(first.at),
                    if first.life == life { "" } else { ", before it crashed" },
                ),
                format!(
                    "it gave {} in that term too, at {}",
                    Vote { candidate, life, at }.words(server),
                    seconds(at)
                ),
            )),
        }
    }

    fn check_majority(
        &self,
        term: Term,
        who: Who,
        all: usize,
        how: &str,
        at: Duration,
    ) -> Result<(), Violation> {
        let Who { server, life } = who;
        let voters: Vec<usize> =
            (0..all).filter(|voter| self.received[server] & (1 << voter) != 0).collect();
        if 2 * voters.len() <= all {
            return Err(Violation::new(
                Broken::LeaderWithoutVotes,
                format!(
                    "votes of {} servers of {all} for server {server} before it leads term {term}",
                    all / 2 + 1
                ),
                format!("it leads at {} ({how}) with those of {}", seconds(at), servers(&voters)),
            ));
        }
        broken_if(self.candidacies[server] != Some(life), || {
            Violation::new(
                Broken::LeadsAfterRestart,
                format!("server {server} to be a follower of term {term} after its restart"),
                format!(
                    "it leads that term at {} ({how}), and has asked nobody for votes in this life",
                    seconds(at)
                ),
            )
        })
    }
}

impl Vote {
    fn words(self, voter: usize) -> String {
        match self.candidate {
            own if own == voter => "it to itself, as a candidate".to_owned(),
            candidate => format!("it to server {candidate}"),
        }
    }
}

impl Leader {
    fn check_alone(&self, term: Term, who: Who, how: &str, at: Duration) -> Result<(), Violation> {
        broken_if(self.server != who.server, || {
            Violation::new(
                Broken::TwoLeaders,
                format!(
                    "no leader of term {term} but server {}, which led it at {} ({})",
                    self.server,
                    seconds(self.at),
                    self.how
                ),
                format!("server {} led it too, at {} ({how})", who.server, seconds(at)),
            )
        })
    }
}
