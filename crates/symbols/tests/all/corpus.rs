//! The corpus of code pictures, read by us and by zxing-cpp: at least 90 % of what it reads, and no false read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support;
use fixtures::images::{CODE_DIGITS, CodeImage, Shows, corpus};
use symbols::{ReadLimits, read_image};

#[derive(Default)]
struct Tally {
    pictures: usize,
    ours: usize,
    zxing: usize,
    both: usize,
}

#[test]
fn we_read_what_zxing_reads_and_nothing_that_is_not_there() {
    let images = corpus();
    let codes = images.iter().filter(|image| matches!(image.shows, Shows::Code(_))).count();
    let nothing = images.iter().filter(|image| image.shows == Shows::NoCode).count();
    assert!(codes >= 200 && nothing >= 50, "the corpus has {codes} codes and {nothing} without");

    let folder = tempfile::tempdir().unwrap();
    for image in &images {
        std::fs::write(folder.path().join(format!("{}.png", image.name)), &image.png).unwrap();
    }
    let (ours, mut zxing) = thread::scope(|scope| {
        let zxing = scope.spawn(|| support::zxing_reads(folder.path()));
        (read_all(&images), zxing.join().unwrap())
    });

    let mut families: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut total = Tally::default();
    for (image, texts) in images.iter().zip(&ours) {
        check_truth(image, texts);
        let theirs = zxing.remove(&image.name).expect("zxing-cpp was given every picture");
        let Shows::Code(digits) = &image.shows else { continue };
        let (we, they) = (texts.contains(digits), theirs.iter().any(|read| read.text == *digits));
        let family = image.name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        for tally in [families.entry(family).or_default(), &mut total] {
            tally.pictures += 1;
            tally.ours += usize::from(we);
            tally.zxing += usize::from(they);
            tally.both += usize::from(we && they);
        }
    }
    report(&families, &total);
    assert!(total.zxing >= 150, "zxing-cpp reads only {} pictures: the corpus is too hard", total.zxing);
    assert!(
        total.both * 10 >= total.zxing * 9,
        "we read {} of the {} pictures that zxing-cpp reads",
        total.both,
        total.zxing
    );
}

/// Whatever was read is what is there. Other content must be read, since nothing about it is hard.
fn check_truth(image: &CodeImage, texts: &[String]) {
    let name = &image.name;
    match &image.shows {
        Shows::Code(digits) => assert!(texts.iter().all(|text| text == digits), "false read in {name}"),
        Shows::Other(content) => assert_eq!(texts, [content.as_str()], "in {name}"),
        Shows::NoCode => {
            assert!(texts.iter().all(|text| text.len() != CODE_DIGITS), "code out of nothing in {name}");
            assert!(texts.is_empty(), "something read in {name}: {texts:?}");
        }
    }
}

fn read_all(images: &[CodeImage]) -> Vec<Vec<String>> {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from).min(8);
    let mut texts = vec![Vec::new(); images.len()];
    let parts = thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    let mut part = Vec::new();
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(image) = images.get(index) else { break };
                        part.push((index, read(image)));
                    }
                    part
                })
            })
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect::<Vec<_>>()
    });
    for (index, read) in parts {
        texts[index] = read;
    }
    texts
}

fn read(image: &CodeImage) -> Vec<String> {
    let found = read_image(&image.png, &ReadLimits::default()).unwrap_or_default();
    found.iter().map(|found| found.text().to_owned()).collect()
}

fn report(families: &BTreeMap<&str, Tally>, total: &Tally) {
    let mut text =
        format!("{:<14}{:>9}{:>7}{:>11}{:>7}\n", "family", "pictures", "ours", "zxing-cpp", "both");
    for (family, tally) in families.iter().map(|(f, t)| (*f, t)).chain([("all", total)]) {
        let Tally { pictures, ours, zxing, both } = tally;
        writeln!(text, "{family:<14}{pictures:>9}{ours:>7}{zxing:>11}{both:>7}").unwrap();
    }
    let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole as f64;
    writeln!(
        text,
        "read rate: ours {:.1} %, zxing-cpp {:.1} %; of what zxing-cpp reads we read {:.1} %",
        percent(total.ours, total.pictures),
        percent(total.zxing, total.pictures),
        percent(total.both, total.zxing)
    )
    .unwrap();
    print!("{text}");
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("code-images.txt"), text).unwrap();
}
