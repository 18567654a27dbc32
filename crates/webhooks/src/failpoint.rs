//! Named points at which crash tests abort the process; nothing at all without the feature `failpoints`.

/// Where a crash test ends the process, as a power loss would.
pub(crate) fn fail_point(_name: &str) {
    #[cfg(feature = "failpoints")]
    ::fail::fail_point!(_name, |_| std::process::abort());
}
