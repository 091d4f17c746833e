//! The scenarios, one file a part of the lab, and nothing else. Part 2X has one file a concept.
//!
//! A scenario reads top-down: set up, act, check. It ends the run at the first violation, so
//! reaching its end is a pass. Servers are numbered from 0, log indexes from 1; `leader` + 1 is
//! the next server, round and round.

pub(crate) mod part_2a;
pub(crate) mod part_2b;
pub(crate) mod part_2b_limits;
pub(crate) mod part_2c;
pub(crate) mod part_2c_churn;
pub(crate) mod part_2d;
pub(crate) mod part_2x_crashes;
pub(crate) mod part_2x_figure8;
pub(crate) mod part_2x_follower;
pub(crate) mod part_2x_old_requests;
pub(crate) mod part_2x_partitions;
pub(crate) mod part_2x_replies;
pub(crate) mod part_2x_snapshots;
pub(crate) mod part_2x_stalls;
pub(crate) mod part_2x_terms;
pub(crate) mod part_2x_timers;
pub(crate) mod part_2x_traffic;
pub(crate) mod part_2x_votes;
pub(crate) mod part_2x_waits;
pub(crate) mod part_3a;
pub(crate) mod part_3a_crashes;
pub(crate) mod part_3b;
pub(crate) mod part_3x_leaders;
pub(crate) mod part_3x_repeats;
pub(crate) mod part_3x_stalls;
pub(crate) mod part_3x_storms;
