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

/// The share of a test's points, from 0 to 1. `None` when no run counts: nothing is known.
///
/// A clock without a counted run leaves its weight to the other; so does a weight of zero, unless
/// that clock is all there is.
pub(crate) fn test_share(
    tallies: &[(Clock, Tally)],
    weights: Weights,
    curve: Curve,
) -> Option<f64> {
    let weight = |clock| match clock {
        Clock::Virtual => f64::from(weights.virtual_percent),
        Clock::Real => f64::from(weights.real_percent),
    };
    let counted: Vec<(f64, f64)> = tallies
        .iter()
        .filter_map(|(clock, tally)| Some((weight(*clock), tally.share(curve)?)))
        .collect();
    let sum: f64 = counted.iter().map(|(weight, _)| weight).sum();
    if 0.0 < sum {
        return Some(counted.iter().map(|(weight, share)| weight * share).sum::<f64>() / sum);
    }
    let count = counted.len();
    (0 < count).then(|| counted.iter().map(|(_, share)| share).sum::<f64>() / count as f64)
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
        let share = test_share(tallies, WEIGHTS, curve).expect("runs were counted");
        assert!((share - expected).abs() < 1e-9, "share {share}, expected {expected}");
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
        let left_out = Tally { passed: 0, counted: 0, left_out: 1 };
        assert_share(&[(Clock::Virtual, good), (Clock::Real, left_out)], Curve::Quadratic, 1.0);
    }

    #[test]
    fn a_clock_without_weight_decides_when_it_is_alone() {
        let weights = Weights { virtual_percent: 100, real_percent: 0 };
        let real = [(Clock::Real, tally(1, 1))];
        assert_eq!(test_share(&real, weights, Curve::Quadratic), Some(1.0), "nothing else ran");
    }

    #[test]
    fn nothing_counted_is_not_zero_points() {
        let left_out = Tally { passed: 0, counted: 0, left_out: 3 };
        assert_eq!(test_share(&[(Clock::Real, left_out)], WEIGHTS, Curve::Quadratic), None);
        assert_eq!(test_share(&[], WEIGHTS, Curve::Quadratic), None, "no run at all");
    }
}
