//! A line for each submission: its points by part.

use super::model::Report;
use super::number;

/// The whole table. All reports are of the same parts.
pub(crate) fn table<'a>(reports: impl Iterator<Item = &'a Report> + Clone) -> String {
    let parts = reports.clone().next().map(|report| &report.parts);
    let parts = parts.into_iter().flatten().map(|part| part.part.clone());
    let head = ["submission".to_owned(), "status".to_owned()].into_iter().chain(parts);
    let head = head.chain(["total", "of", "undecided", "message"].map(str::to_owned));
    let rows = reports.map(|report| {
        let of_parts = report.parts.iter().map(|part| number(part.score.points));
        let front = [report.submission.clone(), report.status.name().to_owned()];
        let score = report.score;
        let back = [
            number(score.points),
            score.points_max.to_string(),
            number(score.points_undecided),
            report.message.lines().next().unwrap_or_default().to_owned(),
        ];
        line(front.into_iter().chain(of_parts).chain(back))
    });
    line(head) + &rows.collect::<String>()
}

/// As RFC 4180 has it. A cell that a spreadsheet would take for a formula begins with a quote.
fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
    cells.join(",") + "\r\n"
}

fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t']) && cell.parse::<f64>().is_err();
    let cell = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one_cell_and_no_formula() {
        let cells = ["a", "b,c", "say \"no\"", "=1+1", "-2.5"].map(str::to_owned).into_iter();
        assert_eq!(line(cells), "a,\"b,c\",\"say \"\"no\"\"\",'=1+1,-2.5\r\n");
    }
}
