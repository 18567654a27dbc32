//! A grayscale picture and the pixel work that the strategies ask for. It knows nothing of symbols.

/// A grayscale picture, row by row from the top left, 0 black to 255 white.
#[derive(Clone)]
pub(crate) struct Luma {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

impl Luma {
    /// None unless there is at least one pixel and exactly `width * height` of them.
    pub(crate) fn new(width: usize, height: usize, pixels: Vec<u8>) -> Option<Self> {
        let area = width.checked_mul(height)?;
        (area > 0 && area == pixels.len()).then_some(Self { width, height, pixels })
    }

    pub(crate) fn side_max(&self) -> usize {
        self.width.max(self.height)
    }

    pub(crate) fn inverted(&self) -> Self {
        self.with_pixels(self.pixels.iter().map(|p| 255 - p).collect())
    }

    /// Shrinks by averaging so that the longer side is at most `side_max`; smaller pictures stay as they are.
    pub(crate) fn shrunk_to(&self, side_max: usize) -> Self {
        if self.side_max() <= side_max {
            return self.clone();
        }
        let scaled = |side: usize| (side * side_max / self.side_max()).max(1);
        let (width, height) = (scaled(self.width), scaled(self.height));
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            let rows = span(y, height, self.height);
            for x in 0..width {
                let columns = span(x, width, self.width);
                let count = rows.len() * columns.len();
                let sum: usize = rows
                    .clone()
                    .map(|row| {
                        let row = &self.pixels[row * self.width..][columns.clone()];
                        row.iter().map(|&p| usize::from(p)).sum::<usize>()
                    })
                    .sum();
                pixels.push(to_u8(sum / count));
            }
        }
        Self { width, height, pixels }
    }

    /// Enlarges bilinearly, this many times each way.
    pub(crate) fn enlarged(&self, across: usize, down: usize) -> Self {
        let (width, height) = (self.width * across, self.height * down);
        let columns: Vec<Tap> = (0..width).map(|x| Tap::new(x, across, self.width)).collect();
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            let tap = Tap::new(y, down, self.height);
            let (upper, lower) = (self.row(tap.first), self.row(tap.second));
            for column in &columns {
                let top = column.mix(upper[column.first], upper[column.second]);
                let bottom = column.mix(lower[column.first], lower[column.second]);
                let total = top * (tap.scale - tap.weight) + bottom * tap.weight;
                pixels.push(to_u8(total / (tap.scale * column.scale)));
            }
        }
        Self { width, height, pixels }
    }

    /// The mean over a square of `2 * radius + 1` pixels around each pixel, cut off at the edges.
    pub(crate) fn blurred(&self, radius: usize) -> Self {
        let sums = Sums::new(self);
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..self.height {
            for x in 0..self.width {
                pixels.push(to_u8(sums.mean(x, y, radius)));
            }
        }
        self.with_pixels(pixels)
    }

    /// Takes away what the blur over `radius` adds: edges get steeper.
    pub(crate) fn sharpened(&self, radius: usize) -> Self {
        let blurred = self.blurred(radius);
        let pixels = self.pixels.iter().zip(&blurred.pixels).map(|(&p, &mean)| {
            let (p, mean) = (i32::from(p), i32::from(mean));
            u8::try_from((p + 2 * (p - mean)).clamp(0, 255)).expect("clamped")
        });
        self.with_pixels(pixels.collect())
    }

    /// Black where a pixel is darker than the mean around it, else white.
    pub(crate) fn thresholded(&self, radius: usize) -> Self {
        let mean = self.blurred(radius);
        let pairs = self.pixels.iter().zip(&mean.pixels);
        self.with_pixels(pairs.map(|(p, mean)| if p < mean { 0 } else { 255 }).collect())
    }

    /// The median of each pixel and its 8 neighbours; the outermost pixels stay as they are.
    pub(crate) fn despeckled(&self) -> Self {
        let mut pixels = self.pixels.clone();
        for y in 1..self.height.saturating_sub(1) {
            let rows = [self.row(y - 1), self.row(y), self.row(y + 1)];
            for x in 1..self.width.saturating_sub(1) {
                let mut around = [0_u8; 9];
                for (three, row) in around.chunks_exact_mut(3).zip(rows) {
                    three.copy_from_slice(&row[x - 1..=x + 1]);
                }
                around.sort_unstable();
                pixels[y * self.width + x] = around[4];
            }
        }
        self.with_pixels(pixels)
    }

    /// The largest cut-out with this pixel in its middle; none at the very edge.
    pub(crate) fn centred(&self, x: usize, y: usize) -> Option<Self> {
        let half_width = x.min((self.width - 1).checked_sub(x)?);
        let half_height = y.min((self.height - 1).checked_sub(y)?);
        let rows = y - half_height..=y + half_height;
        let columns = x - half_width..=x + half_width;
        let pixels: Vec<u8> = rows.flat_map(|y| self.row(y)[columns.clone()].iter().copied()).collect();
        (half_width > 0 && half_height > 0).then_some(Self {
            width: 2 * half_width + 1,
            height: 2 * half_height + 1,
            pixels,
        })
    }

    pub(crate) fn row(&self, y: usize) -> &[u8] {
        &self.pixels[y * self.width..(y + 1) * self.width]
    }

    fn with_pixels(&self, pixels: Vec<u8>) -> Self {
        Self { width: self.width, height: self.height, pixels }
    }
}

/// The source pixels under destination pixel `at` when `from` pixels become `to`; never empty.
fn span(at: usize, to: usize, from: usize) -> std::ops::Range<usize> {
    let start = at * from / to;
    start..((at + 1) * from / to).max(start + 1)
}

/// Where an enlarged pixel lies between two source pixels, in integer weights out of `scale`.
struct Tap {
    first: usize,
    second: usize,
    weight: usize,
    scale: usize,
}

impl Tap {
    fn new(at: usize, factor: usize, from: usize) -> Self {
        let scale = 2 * factor;
        // Pixel centres: (at + 1/2) / factor - 1/2, times 2 * factor.
        let position = (2 * at + 1).saturating_sub(factor);
        let first = (position / scale).min(from - 1);
        Self { first, second: (first + 1).min(from - 1), weight: position % scale, scale }
    }

    fn mix(&self, first: u8, second: u8) -> usize {
        usize::from(first) * (self.scale - self.weight) + usize::from(second) * self.weight
    }
}

/// Sums of all pixels above and to the left, so that any rectangle's mean costs four look-ups.
struct Sums {
    width: usize,
    height: usize,
    sums: Vec<u32>,
}

impl Sums {
    fn new(luma: &Luma) -> Self {
        let stride = luma.width + 1;
        let mut sums = vec![0_u32; stride * (luma.height + 1)];
        for y in 0..luma.height {
            let (above, below) = sums.split_at_mut((y + 1) * stride);
            let above = &above[y * stride..];
            let mut running = 0_u32;
            for (x, &pixel) in luma.row(y).iter().enumerate() {
                // Sums of large pictures wrap; differences of wrapped sums over a small square are still right.
                running = running.wrapping_add(u32::from(pixel));
                below[x + 1] = above[x + 1].wrapping_add(running);
            }
        }
        Self { width: luma.width, height: luma.height, sums }
    }

    fn mean(&self, x: usize, y: usize, radius: usize) -> usize {
        let (left, right) = (x.saturating_sub(radius), (x + radius + 1).min(self.width));
        let (top, bottom) = (y.saturating_sub(radius), (y + radius + 1).min(self.height));
        let at = |x: usize, y: usize| self.sums[y * (self.width + 1) + x];
        let sum = at(right, bottom)
            .wrapping_add(at(left, top))
            .wrapping_sub(at(right, top))
            .wrapping_sub(at(left, bottom));
        sum as usize / ((right - left) * (bottom - top))
    }
}

fn to_u8(value: usize) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Luma {
        let pixels = (0..width * height).map(|i| u8::try_from(i * 7 % 256).unwrap()).collect();
        Luma::new(width, height, pixels).unwrap()
    }

    #[test]
    fn sizes_follow_and_plain_pictures_stay_plain() {
        let plain = Luma::new(13, 7, vec![93; 91]).unwrap();
        for changed in [
            plain.shrunk_to(5),
            plain.enlarged(3, 3),
            plain.blurred(2),
            plain.sharpened(2),
            plain.despeckled(),
        ] {
            assert_eq!(changed.pixels.len(), changed.width * changed.height);
            assert!(changed.pixels.iter().all(|&p| p == 93));
        }
        assert_eq!((plain.shrunk_to(5).width, plain.shrunk_to(5).height), (5, 2));
        assert_eq!((plain.enlarged(3, 3).width, plain.enlarged(3, 3).height), (39, 21));
    }

    #[test]
    fn one_pixel_and_thin_pictures_work() {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 2)] {
            let luma = ramp(width, height);
            for changed in [
                luma.shrunk_to(1),
                luma.enlarged(2, 1),
                luma.blurred(4),
                luma.sharpened(1),
                luma.thresholded(3),
                luma.despeckled(),
                luma.inverted(),
            ] {
                assert_eq!(changed.pixels.len(), changed.width * changed.height);
            }
        }
    }

    #[test]
    fn mean_is_the_plain_mean() {
        let luma = ramp(9, 6);
        let blurred = luma.blurred(1);
        let sum: usize = (1..4)
            .flat_map(|y| (2..5).map(move |x| (x, y)))
            .map(|(x, y): (usize, usize)| usize::from(luma.pixels[y * 9 + x]))
            .sum();
        assert_eq!(usize::from(blurred.pixels[2 * 9 + 3]), sum / 9);
    }

    #[test]
    fn wrong_sizes_are_refused() {
        assert!(Luma::new(0, 5, vec![]).is_none());
        assert!(Luma::new(2, 2, vec![0; 3]).is_none());
        assert!(Luma::new(usize::MAX, 2, vec![0; 3]).is_none());
    }
}
