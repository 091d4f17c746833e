//! What is certain of a catch rate that was seen.

use crate::stress::statistics::upper_bound;

/// The lower 95 % bound of a probability, of which `hits` in `trials` were seen: the exact
/// (Clopper-Pearson) one-sided bound. If the probability were lower, as many hits or more would be
/// seen in less than one of twenty such series.
pub(crate) fn lower_bound(hits: u32, trials: u32) -> f64 {
    1.0 - upper_bound(u64::from(trials - hits), u64::from(trials))
}

/// The probability that `runs` runs catch what one catches with probability `each`.
pub(crate) fn at_least_one(each: f64, runs: u32) -> f64 {
    1.0 - (1.0 - each).powi(i32::try_from(runs).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hits: u32, trials: u32, bound: f64) {
        let got = lower_bound(hits, trials);
        assert!((got - bound).abs() < 5e-5, "{hits} of {trials}: {got}, and should be {bound}");
    }

    /// Against 0.05^(1/n), which is the bound of n hits in n, and tables of the beta distribution.
    #[test]
    fn the_bound_is_the_exact_one() {
        check(0, 10, 0.0);
        check(1, 1, 0.05);
        check(10, 10, 0.74113);
        check(150, 150, 0.98023);
        check(1, 10, 0.00512);
        check(5, 10, 0.22244);
        check(9, 10, 0.60584);
    }

    #[test]
    fn several_runs_catch_what_one_may_miss() {
        assert!((at_least_one(0.5, 2) - 0.75).abs() < 1e-12, "a half and a quarter");
        assert!(at_least_one(0.36, 10) < 0.99, "ten runs of 36 % are not enough for 99 %");
        assert!(0.99 < at_least_one(0.37, 10), "ten runs of 37 % are");
        assert!(at_least_one(0.0, 10) < f64::EPSILON, "never");
    }
}
