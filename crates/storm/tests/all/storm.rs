//! A short storm: what `cargo xtask storm` does for longer.

use storm::{Options, run};

#[test]
fn nothing_is_lost_or_made_while_everything_is_killed_stopped_cut_and_filled() {
    let seed = std::env::var("BATZEN_STORM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    eprintln!("BATZEN_STORM_SEED={seed}");
    let report = run(&Options::of(seed, 8), |misfortune| eprintln!("{misfortune}"));
    eprintln!("{report}");
    assert!(report.is_clean(), "{report}");
    assert!(report.captured > 20, "the tills sold: {report}");
    assert!(report.checked.acknowledged > report.checked.unknown, "{report}");
}
