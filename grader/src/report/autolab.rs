//! Autolab's autoresult: a line of JSON with the points of each problem. A part of the lab is a
//! problem of this name.

use serde_json::{Map, Value, json};

use super::model::Report;
use super::number;

/// The line; Autolab reads the last one on stdout. The scoreboard has a column for each part and
/// one for the total.
pub(crate) fn line(report: &Report) -> String {
    let points = |points: f64| number(points).parse::<f64>().map_or(Value::Null, Value::from);
    let of_parts = || report.parts.iter().map(|part| (part, points(part.score.points)));
    let scores: Map<String, Value> =
        of_parts().map(|(part, points)| (part.part.clone(), points)).collect();
    let total = points(report.score.points);
    let board: Vec<Value> = of_parts().map(|(_, points)| points).chain([total]).collect();
    json!({ "scores": scores, "scoreboard": board }).to_string()
}
