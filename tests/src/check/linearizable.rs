//! Whether what the clients were told can be explained by one map.

use crate::harness::{Broken, KvCluster, Violation};
use crate::linearizability::{Budget, KvModel, Verdict, check};

impl KvCluster {
    /// What all clients were told, since the cluster was made, is what one map on one machine could
    /// have told them, doing one operation at a time.
    ///
    /// A search that ran out of its budget is neither pass nor failure, but inconclusive; the
    /// classic battery takes it for a pass.
    pub(crate) fn check_linearizable(&self) {
        let (broken, seen) = match check(&KvModel, &self.history(), Budget::default()) {
            Verdict::Linearizable => return,
            Verdict::NotLinearizable(evidence) => (Broken::NotLinearizable, evidence.to_string()),
            Verdict::GaveUp(gave_up) => (Broken::NotDecided, gave_up.to_string()),
        };
        self.referee().fail(Violation::new(
            broken,
            "operations that take effect one after the other, each between its call and its answer",
            seen,
        ));
    }
}
