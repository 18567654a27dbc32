//! Builds the crate anew when a page comes or goes: what is embedded is named nowhere in the source.

fn main() {
    println!("cargo::rerun-if-changed=site");
}
