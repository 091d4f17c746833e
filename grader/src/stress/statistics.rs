//! How often a test fails, at most: exact bounds, without an approximation for small counts.

/// The upper end of the one-sided 95 % confidence interval of a failure rate (Clopper and Pearson,
/// Biometrika 26, 1934): had the test a higher rate, so few failures would be seen in less than one
/// of twenty such experiments. 1 when nothing was run.
pub(crate) fn upper_bound(failed: u64, runs: u64) -> f64 {
    if runs <= failed {
        return 1.0;
    }
    // The rate at which `failed` or fewer are seen with a probability of 5 %: the 95 % quantile of
    // the beta distribution. It rises with the rate, so it can be closed in.
    let (a, b) = (failed as f64 + 1.0, (runs - failed) as f64);
    let (mut low, mut high) = (0.0, 1.0);
    while low < high {
        let middle = low + (high - low) / 2.0;
        if middle <= low || high <= middle {
            break; // no number lies between them any more
        }
        if incomplete_beta(a, b, middle) < 0.95 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun
/// 26.5.8) in the form of Lentz.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if 1.0 <= x {
        return 1.0;
    }
    // The fraction is quick only on this side of the mean.
    if (a + 1.0) / (a + b + 2.0) < x {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let log_front =
        log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * x.ln() + b * (-x).ln_1p() - a.ln();
    log_front.exp() * fraction(a, b, x)
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const SMALLEST: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < SMALLEST { SMALLEST } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for step in 1..=10_000_u32 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut last = 1.0;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            last = c * d;
            result *= last;
        }
        if (last - 1.0).abs() < 1e-15 {
            break;
        }
    }
    result
}

/// The logarithm of the gamma function, for arguments of 1 and more: Stirling's series, after
/// moving the argument up to where it is exact.
fn log_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 15.0 {
        product *= x;
        x += 1.0;
    }
    let squared = x * x;
    let series = (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * squared)) / squared) / squared)
        / x;
    let half_log_two_pi = 0.918_938_533_204_672_8;
    (x - 0.5) * x.ln() - x + half_log_two_pi + series - f64::ln(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_near(value: f64, expected: f64, relative: f64) {
        let off = (value - expected).abs() / expected;
        assert!(off < relative, "{value} is not {expected}, off by {off:e}");
    }

    /// P(at most `failed` of `runs` fail), added up term by term.
    fn binomial_tail(failed: u64, runs: u64, rate: f64) -> f64 {
        let mut term = (1.0 - rate).powf(runs as f64);
        let mut sum = term;
        for k in 0..failed {
            term *= (runs - k) as f64 / (k + 1) as f64 * rate / (1.0 - rate);
            sum += term;
        }
        sum
    }

    #[test]
    fn without_a_failure_the_bound_has_a_closed_form() {
        for runs in [1, 2, 10, 59, 1000, 1_000_000, 1_000_000_000] {
            assert_near(upper_bound(0, runs), -f64::exp_m1(0.05_f64.ln() / runs as f64), 1e-6);
        }
    }

    #[test]
    fn at_the_bound_so_few_failures_have_a_probability_of_five_percent() {
        for (failed, runs) in [(1, 20), (3, 10), (2, 10_000), (40, 1000), (400, 2000), (9, 10)] {
            let bound = upper_bound(failed, runs);
            assert_near(binomial_tail(failed, runs, bound), 0.05, 1e-7);
        }
    }

    #[test]
    fn it_is_known_from_tables() {
        assert_near(upper_bound(0, 59), 0.0495, 1e-3);
        assert_near(upper_bound(1, 10), 0.394_163, 1e-5);
        assert_near(upper_bound(5, 100), 0.102_253, 1e-5);
    }

    #[test]
    fn nothing_known_and_all_failed_is_one() {
        assert_eq!((upper_bound(0, 0), upper_bound(7, 7)), (1.0, 1.0));
    }

    #[test]
    fn the_gamma_function_is_known_at_whole_numbers() {
        assert_near(log_gamma(5.0), 24.0_f64.ln(), 1e-13);
        assert_near(log_gamma(21.0), 2_432_902_008_176_640_000.0_f64.ln(), 1e-14);
    }
}
