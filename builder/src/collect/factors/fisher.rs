//! Fisher's exact test, two-sided, in logarithms: whether a fact holds among the affected as often as
//! among the healthy, or whether chance would have to be blamed for the difference.
//!
//! Given how many machines there are of each kind and for how many the fact holds, the number of affected
//! for which it holds follows the hypergeometric distribution if the fact plays no part. The p value is the
//! probability of all outcomes that are at most as probable as the one that was seen.

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Affected machines for which it holds; at most `affected`.
    pub affected_with: u32,
    /// Affected machines that tell.
    pub affected: u32,
    /// Healthy machines for which it holds; at most `healthy`.
    pub healthy_with: u32,
    /// Healthy machines that tell.
    pub healthy: u32,
}

/// Outcomes this much more probable than the one seen still count as equally probable: sums of logarithms
/// are not exact. The same as in SciPy's `fisher_exact`.
const TOLERANCE: f64 = 1e-7;

/// A further outcome that adds less than this part of the sum so far ends the sum.
const NEGLIGIBLE: f64 = 1e-18;

/// Logarithms of factorials from 0 on.
#[derive(Clone, Debug)]
pub struct LogFactorials(Vec<f64>);

impl LogFactorials {
    /// Returns those of 0 to `most`.
    pub fn up_to(most: u32) -> Self {
        let mut all = Vec::with_capacity(index(most).saturating_add(1));
        all.push(0.0);
        // Summed with what rounding lost (Neumaier), since differences of these are what is used.
        let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
        for number in 1..=most {
            let term = f64::from(number).ln();
            let next = sum + term;
            lost += (sum - next) + term;
            sum = next;
            all.push(sum + lost);
        }
        Self(all)
    }

    fn of(&self, number: u32) -> f64 {
        self.0.get(index(number)).copied().unwrap_or(f64::INFINITY)
    }

    /// Logarithm of the number of ways to choose `few` of `many`.
    fn choices(&self, many: u32, few: u32) -> f64 {
        self.of(many) - self.of(few) - self.of(many.saturating_sub(few))
    }

    /// Returns the natural logarithm of the two-sided p value. The factorials must reach the number of all
    /// machines; a table whose parts do not fit together gives 0, which is p = 1.
    pub fn fisher(&self, table: &Table) -> f64 {
        let Some(outcomes) = Outcomes::of(self, table) else {
            return 0.0;
        };
        let seen = outcomes.log_probability(table.affected_with);
        let bound = seen + TOLERANCE;
        let mut sum = 0.0;
        let mode = outcomes.mode();
        let x = table.affected_with;
        // The outcomes are more probable the nearer they are to the mode, so those that count are two
        // tails: the one that ends with what was seen, and the one beyond the mode.
        let (down_from, up_from) = if x <= mode {
            (
                Some(x),
                outcomes.first_up(x.saturating_add(1).max(mode), bound),
            )
        } else {
            (
                outcomes.first_down(x.saturating_sub(1).min(mode), bound),
                Some(x),
            )
        };
        if let Some(from) = down_from {
            for outcome in (outcomes.least..=from).rev() {
                if !add(&mut sum, outcomes.log_probability(outcome) - seen) {
                    break;
                }
            }
        }
        if let Some(from) = up_from {
            for outcome in from..=outcomes.most {
                if !add(&mut sum, outcomes.log_probability(outcome) - seen) {
                    break;
                }
            }
        }
        (seen + sum.ln()).min(0.0)
    }

    /// Returns the logarithm of the least p value that these margins allow: that of the fact which sets
    /// the affected apart as well as it can.
    pub fn least_fisher(&self, table: &Table) -> f64 {
        let Some(outcomes) = Outcomes::of(self, table) else {
            return 0.0;
        };
        let with = table.affected_with.saturating_add(table.healthy_with);
        let p_of = |outcome: u32| {
            self.fisher(&Table {
                affected_with: outcome,
                healthy_with: with.saturating_sub(outcome),
                ..*table
            })
        };
        p_of(outcomes.least).min(p_of(outcomes.most))
    }
}

/// Adds a term given as a logarithm; tells whether further, smaller ones still matter.
fn add(sum: &mut f64, log_term: f64) -> bool {
    let term = log_term.exp();
    *sum += term;
    term > *sum * NEGLIGIBLE
}

/// All outcomes that the margins of a table allow.
struct Outcomes<'a> {
    factorials: &'a LogFactorials,
    affected: u32,
    healthy: u32,
    /// Machines for which the fact holds.
    with: u32,
    /// Logarithm of the number of ways to choose those.
    ways: f64,
    least: u32,
    most: u32,
}

impl<'a> Outcomes<'a> {
    fn of(factorials: &'a LogFactorials, table: &Table) -> Option<Self> {
        let Table {
            affected_with,
            affected,
            healthy_with,
            healthy,
        } = *table;
        let all = affected.checked_add(healthy)?;
        let with = affected_with.checked_add(healthy_with)?;
        let is_known = index(all) < factorials.0.len();
        if affected_with > affected || healthy_with > healthy || !is_known {
            return None;
        }
        Some(Self {
            factorials,
            affected,
            healthy,
            with,
            ways: factorials.choices(all, with),
            least: with.saturating_sub(healthy),
            most: with.min(affected),
        })
    }

    fn log_probability(&self, outcome: u32) -> f64 {
        let others = self.with.saturating_sub(outcome);
        let choices = self.factorials.choices(self.affected, outcome);
        choices + self.factorials.choices(self.healthy, others) - self.ways
    }

    /// Returns the most probable outcome.
    fn mode(&self) -> u32 {
        let (with, affected) = (u64::from(self.with), u64::from(self.affected));
        let all = affected.saturating_add(u64::from(self.healthy));
        let product = with
            .saturating_add(1)
            .saturating_mul(affected.saturating_add(1));
        let mode = u32::try_from(product / all.saturating_add(2)).unwrap_or(u32::MAX);
        mode.clamp(self.least, self.most)
    }

    /// Returns the first outcome from `start` (the mode or above) up that is at most so probable.
    fn first_up(&self, start: u32, bound: f64) -> Option<u32> {
        let (mut low, mut high) = (start, self.most.saturating_add(1));
        while low < high {
            let middle = low.midpoint(high);
            if self.log_probability(middle) <= bound {
                high = middle;
            } else {
                low = middle.saturating_add(1);
            }
        }
        (low <= self.most).then_some(low)
    }

    /// Returns the first outcome from `start` (the mode or below) down that is at most so probable.
    fn first_down(&self, start: u32, bound: f64) -> Option<u32> {
        let (mut low, mut high) = (self.least, start.saturating_add(1));
        // Below `low` all are that improbable, from `high` on none.
        while low < high {
            let middle = low.midpoint(high);
            if self.log_probability(middle) <= bound {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        low.checked_sub(1).filter(|found| *found >= self.least)
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Corrects logarithms of p values for having made many comparisons, by Holm's method: what is below the
/// logarithm of 0.05 afterwards is wrong in at most one of twenty campaigns, all comparisons together.
/// Returns them in the order given.
pub fn correct_by_holm(log_p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..log_p.len()).collect();
    let value = |at: usize| log_p.get(at).copied().unwrap_or(0.0);
    order.sort_by(|one, other| value(*one).total_cmp(&value(*other)));
    let mut corrected = vec![0.0; log_p.len()];
    let mut highest = f64::NEG_INFINITY;
    for (rank, at) in order.iter().enumerate() {
        let left = log_p.len().saturating_sub(rank);
        let left = f64::from(u32::try_from(left).unwrap_or(u32::MAX));
        highest = highest.max((value(*at) + left.ln()).min(0.0));
        if let Some(place) = corrected.get_mut(*at) {
            *place = highest;
        }
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(affected_with: u32, affected: u32, healthy_with: u32, healthy: u32) -> f64 {
        let table = Table {
            affected_with,
            affected,
            healthy_with,
            healthy,
        };
        let most = affected.saturating_add(healthy);
        LogFactorials::up_to(most).fisher(&table).exp()
    }

    #[track_caller]
    fn assert_near(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= expected * 1e-9,
            "{found:e}, expected {expected:e}"
        );
    }

    #[test]
    fn agrees_with_values_worked_out_by_hand() {
        // The lady tasting tea: (1 + 16 + 16 + 1) of 70 for three of four right, 2 of 70 for all.
        assert_near(p(3, 4, 1, 4), 34.0 / 70.0);
        assert_near(p(4, 4, 0, 4), 2.0 / 70.0);
        // Everything or nothing holds: no other outcome is possible.
        assert_near(p(5, 5, 7, 7), 1.0);
        assert_near(p(0, 5, 0, 7), 1.0);
        assert_near(p(2, 4, 2, 4), 1.0);
        // One of 21 alone: 1 way of 21.
        assert_near(p(1, 1, 0, 20), 1.0 / 21.0);
    }

    #[test]
    fn parts_that_do_not_fit_say_nothing() {
        assert_near(p(5, 4, 0, 4), 1.0);
        let table = Table {
            affected_with: 9,
            affected: 9,
            healthy_with: 0,
            healthy: 9,
        };
        assert!(LogFactorials::up_to(3).fisher(&table).abs() < f64::EPSILON);
    }

    #[test]
    fn agrees_with_the_plain_sum_over_all_small_tables() {
        let factorials = LogFactorials::up_to(24);
        for (affected, healthy) in [(1_u32, 1_u32), (3, 9), (8, 8), (12, 5), (11, 12)] {
            for with in 0..=affected + healthy {
                let least = with.saturating_sub(healthy);
                let most = with.min(affected);
                for seen in least..=most {
                    let table = Table {
                        affected_with: seen,
                        affected,
                        healthy_with: with - seen,
                        healthy,
                    };
                    let outcomes = Outcomes::of(&factorials, &table).unwrap();
                    let probability = |x: u32| outcomes.log_probability(x).exp();
                    let bound = probability(seen) * (1.0 + TOLERANCE);
                    let all = (least..=most).map(probability);
                    let plain: f64 = all.filter(|one| *one <= bound).sum();
                    assert_near(factorials.fisher(&table).exp(), plain.min(1.0));
                }
            }
        }
    }

    #[test]
    fn holm_is_monotonic_and_keeps_the_order_given() {
        let logs: Vec<f64> = [0.01, 0.04, 0.03, 0.005]
            .iter()
            .map(|p: &f64| p.ln())
            .collect();
        let corrected: Vec<f64> = correct_by_holm(&logs).iter().map(|log| log.exp()).collect();
        for (found, expected) in corrected.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert_near(*found, expected);
        }
        assert_eq!(correct_by_holm(&[]), Vec::<f64>::new());
    }
}
