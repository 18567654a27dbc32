//! Finding where an Aztec Code may be: the middle of its bull's eye. The reader itself looks only around the
//! middle of a picture, so it is given cut-outs that have a bull's eye there.

use crate::luma::Luma;

/// Cut-outs tried in one view.
const CANDIDATES_MAX: usize = 6;
/// Runs looked for across a bull's eye. A compact Aztec Code has 9, the full one 13; the outermost may run into
/// what lies beyond.
const RUNS: usize = 7;

/// Cut-outs of the view, each with a likely bull's eye in its middle, the surest first.
pub(crate) fn cut_outs(view: &Luma) -> Vec<Luma> {
    let split = view.thresholded((view.side_max() / 24).max(8));
    let mut spots: Vec<Spot> = Vec::new();
    for y in (1..split.height).step_by(2) {
        for (x, module_px) in middles(split.row(y)) {
            let Some(spot) = confirmed(&split, x, y, module_px) else { continue };
            match spots.iter_mut().find(|known| known.near(&spot)) {
                Some(known) => known.seen += 1,
                None => spots.push(spot),
            }
        }
    }
    spots.sort_by_key(|spot| std::cmp::Reverse(spot.seen));
    spots.iter().take(CANDIDATES_MAX).filter_map(|spot| view.centred(spot.x, spot.y)).collect()
}

struct Spot {
    x: usize,
    y: usize,
    module_px: usize,
    seen: usize,
}

impl Spot {
    fn near(&self, other: &Spot) -> bool {
        self.x.abs_diff(other.x).max(self.y.abs_diff(other.y)) <= 3 * self.module_px.max(other.module_px)
    }
}

/// The same rings must be there from top to bottom and along both diagonals. Then the middle from top to bottom
/// is the better y.
fn confirmed(split: &Luma, x: usize, y: usize, module_px: usize) -> Option<Spot> {
    let y = crossed(split, (x, y), (0, 1), module_px)?;
    crossed(split, (x, y), (1, 1), module_px)?;
    crossed(split, (x, y), (-1, 1), module_px)?;
    Some(Spot { x, y, module_px, seen: 1 })
}

/// The y of the rings' middle on the line through `at` in a direction, if it is near `at`.
fn crossed(split: &Luma, at: (usize, usize), step: (isize, isize), module_px: usize) -> Option<usize> {
    let reach = (module_px * 12).cast_signed();
    let offsets: Vec<isize> = (-reach..=reach).filter(|i| on(split, at, step, *i).is_some()).collect();
    let line: Vec<u8> = offsets.iter().filter_map(|i| on(split, at, step, *i)).collect();
    let (middle, _) = middles(&line).into_iter().find(|(middle, across)| {
        // Rings are squares, so lines cross them at up to 1.4 times their width.
        offsets[*middle].unsigned_abs() <= module_px && *across <= 2 * module_px && module_px <= 2 * across
    })?;
    at.1.checked_add_signed(offsets[middle] * step.1)
}

fn on(split: &Luma, at: (usize, usize), step: (isize, isize), offset: isize) -> Option<u8> {
    let x = at.0.checked_add_signed(step.0 * offset)?;
    let y = at.1.checked_add_signed(step.1 * offset)?;
    (x < split.width && y < split.height).then(|| split.pixels[y * split.width + x])
}

/// The middles of dark runs with three runs of about the same length on each side, with that length.
fn middles(line: &[u8]) -> Vec<(usize, usize)> {
    let mut starts = vec![0];
    starts.extend((1..line.len()).filter(|&i| (line[i] == 0) != (line[i - 1] == 0)));
    starts.push(line.len());
    let mut found = Vec::new();
    for window in starts.windows(RUNS + 1) {
        let total = window[RUNS] - window[0];
        let alike = |run: &[usize]| {
            let length = (run[1] - run[0]) * RUNS;
            // The split wears runs down or fattens them by up to half.
            length * 2 >= total && length * 2 <= total * 3
        };
        let middle = window[RUNS / 2].midpoint(window[RUNS / 2 + 1]);
        if line[middle] == 0 && window.windows(2).all(alike) {
            found.push((middle, (total / RUNS).max(1)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_through_the_rings_gives_its_middle() {
        let mut line = vec![255; 20];
        for ring in 0..13 {
            line.extend([if ring % 2 == 0 { 0 } else { 255 }; 4]);
        }
        line.extend([255; 20]);
        assert!(middles(&line).contains(&(20 + 26, 4)));
        assert!(middles(&[0; 50]).is_empty());
        assert!(middles(&[]).is_empty());
    }
}
