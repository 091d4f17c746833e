//! From verdicts to points. How is said in `tests/grading.toml`.

use lab_record::Clock;

use crate::grading::{Curve, Weights};
use crate::verdict::Verdict;

/// Runs of one test under one clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    /// Passed, failed and aborted.
    pub(crate) counted: u32,
    /// Undecided after every repeat, and not in the score.
    pub(crate) left_out: u32,
}

impl Tally {
    pub(crate) fn add(&mut self, verdict: Verdict) {
        if verdict.counts() {
            self.counted += 1;
            self.passed += u32::from(verdict == Verdict::Pass);
        } else {
            self.left_out += 1;
        }
    }

    pub(crate) fn sum(tallies: impl Iterator<Item = Tally>) -> Self {
        tallies.fold(Tally::default(), |sum, tally| Tally {
            passed: sum.passed + tally.passed,
            counted: sum.counted + tally.counted,
            left_out: sum.left_out + tally.left_out,
        })
    }

    fn share(self, curve: Curve) -> Option<f64> {
        (0 < self.counted).then(|| curve.share(f64::from(self.passed) / f64::from(self.counted)))
    }
}

impl Curve {
    /// The share of the points for this share of passes, both from 0 to 1.
    pub(crate) fn share(self, passed: f64) -> f64 {
        match self {
            Curve::AllOrNothing => f64::from(u8::from(1.0 <= passed)),
            Curve::LinearAbove(percent) => {
                let from = f64::from(percent) / 100.0;
                ((passed - from) / (1.0 - from)).max(0.0)
            }
            Curve::Quadratic => passed * passed,
        }
    }
}

/// What is known of a test's points, in shares from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share {
    pub(crate) won: f64,
    /// Of the clocks none of whose runs was decided.
    pub(crate) undecided: f64,
}

/// What the runs of a test come to.
///
/// A clock that was not run leaves its weight to the other; one whose runs all stayed undecided
/// does not, or it would pay to be undecided where one would have lost. A weight of zero counts
/// only where there is nothing else.
pub(crate) fn test_share(tallies: &[(Clock, Tally)], weights: Weights, curve: Curve) -> Share {
    let weight = |clock| match clock {
        Clock::Virtual => f64::from(weights.virtual_percent),
        Clock::Real => f64::from(weights.real_percent),
    };
    let was_run = |tally: &Tally| 0 < tally.counted + tally.left_out;
    let run = || tallies.iter().filter(|(_, tally)| was_run(tally));
    let sum: f64 = run().map(|(clock, _)| weight(*clock)).sum();
    let part = |clock| if 0.0 < sum { weight(clock) / sum } else { 1.0 / run().count() as f64 };

    let nothing = Share { won: 0.0, undecided: if run().count() == 0 { 1.0 } else { 0.0 } };
    run().fold(nothing, |share, (clock, tally)| match tally.share(curve) {
        Some(won) => Share { won: share.won + part(*clock) * won, ..share },
        None => Share { undecided: share.undecided + part(*clock), ..share },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHTS: Weights = Weights { virtual_percent: 80, real_percent: 20 };

    fn tally(passed: u32, counted: u32) -> Tally {
        Tally { passed, counted, left_out: 0 }
    }

    #[track_caller]
    fn assert_share(tallies: &[(Clock, Tally)], curve: Curve, expected: f64) {
        assert_known(tallies, curve, expected, 0.0);
    }

    #[track_caller]
    fn assert_known(tallies: &[(Clock, Tally)], curve: Curve, won: f64, undecided: f64) {
        let share = test_share(tallies, WEIGHTS, curve);
        assert!((share.won - won).abs() < 1e-9, "won {}, expected {won}", share.won);
        let not_known = share.undecided;
        assert!((not_known - undecided).abs() < 1e-9, "{not_known} not known, not {undecided}");
    }

    #[test]
    fn each_curve_ends_at_nothing_and_at_all() {
        for curve in [Curve::AllOrNothing, Curve::LinearAbove(50), Curve::Quadratic] {
            assert_share(&[(Clock::Virtual, tally(0, 10))], curve, 0.0);
            assert_share(&[(Clock::Virtual, tally(10, 10))], curve, 1.0);
        }
    }

    #[test]
    fn curves_differ_between_nothing_and_all() {
        let runs = [(Clock::Virtual, tally(9, 10))];
        assert_share(&runs, Curve::AllOrNothing, 0.0);
        assert_share(&runs, Curve::LinearAbove(50), 0.8);
        assert_share(&runs, Curve::Quadratic, 0.81);
        assert_share(&[(Clock::Virtual, tally(5, 10))], Curve::LinearAbove(50), 0.0);
    }

    #[test]
    fn clocks_are_weighted_and_a_missing_one_leaves_its_weight() {
        let (good, bad) = (tally(10, 10), tally(0, 1));
        assert_share(&[(Clock::Virtual, good), (Clock::Real, bad)], Curve::Quadratic, 0.8);
        assert_share(&[(Clock::Real, tally(1, 1))], Curve::Quadratic, 1.0);
    }

    #[test]
    fn to_stay_undecided_is_never_better_than_to_pass() {
        let left_out = Tally { passed: 0, counted: 0, left_out: 1 };
        let (good, bad) = (tally(10, 10), tally(0, 10));
        let quadratic = Curve::Quadratic;
        assert_known(&[(Clock::Virtual, good), (Clock::Real, left_out)], quadratic, 0.8, 0.2);
        assert_known(&[(Clock::Virtual, bad), (Clock::Real, left_out)], quadratic, 0.0, 0.2);
        assert_known(&[(Clock::Virtual, left_out), (Clock::Real, good)], quadratic, 0.2, 0.8);
    }

    #[test]
    fn a_clock_without_weight_decides_when_it_is_alone() {
        let weights = Weights { virtual_percent: 100, real_percent: 0 };
        let real = [(Clock::Real, tally(1, 1))];
        let share = test_share(&real, weights, Curve::Quadratic);
        assert_eq!(share, Share { won: 1.0, undecided: 0.0 }, "nothing else ran");
    }

    #[test]
    fn nothing_counted_is_not_zero_points() {
        let left_out = Tally { passed: 0, counted: 0, left_out: 3 };
        assert_known(&[(Clock::Real, left_out)], Curve::Quadratic, 0.0, 1.0);
        assert_known(&[], Curve::Quadratic, 0.0, 1.0);
    }
}
