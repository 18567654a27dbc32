//! Named points at which crash tests abort the process; nothing at all without the feature `failpoints`.

/// Aborts, without any clean-up, if the point `name` is set to `return`.
#[cfg(feature = "failpoints")]
pub(crate) fn fail_point(name: &str) {
    fail::fail_point!(name, |_| std::process::abort());
}

#[cfg(not(feature = "failpoints"))]
pub(crate) fn fail_point(_name: &str) {}
