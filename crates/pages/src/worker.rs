//! The wallet's service worker: it keeps every file that the wallet needs without a network. Which files those are,
//! and a version that changes when one of them does, is written into its script here.

use crate::kind::content_type;
use crate::site::{File, Site};
use crypto::hash::sha256;
use data_encoding::HEXLOWER;

/// Its script's path.
pub(crate) const PATH: &str = "wallet/sw.js";
/// The realm file's path: the one file that is not in the site.
pub(crate) const REALM: &str = "wallet/realm.json";
/// What the script says where the list of addresses belongs.
const FILES_MARK: &str = "/*FILES*/[]";
/// What it says where the version belongs.
const VERSION_MARK: &str = "/*VERSION*/'dev'";

/// The script with its list and version.
pub(crate) fn written(template: &File, site: &dyn Site, realm: &File) -> File {
    let Ok(script) = core::str::from_utf8(&template.bytes) else { return template.clone() };
    let files = files(site, realm);
    let addresses: Vec<&str> = files.iter().map(|(address, _)| address.as_str()).collect();
    let list = serde_json::to_string(&addresses).expect("a list of texts is JSON");
    let script = script.replacen(FILES_MARK, &list, 1);
    let all = [files, kept_later(site)].concat();
    File::of(script.replacen(VERSION_MARK, &format!("'{}'", version(&all)), 1).into_bytes())
}

/// What the worker keeps once it was asked for: the reader of codes. A wallet that has kept it must learn of a new
/// one, and never run an old half with a new one.
fn kept_later(site: &dyn Site) -> Vec<(String, [u8; 32])> {
    hashed(site, |path| path.starts_with("wasm/scan"))
}

/// Address and hash of each file that the wallet needs.
fn files(site: &dyn Site, realm: &File) -> Vec<(String, [u8; 32])> {
    let mut files = hashed(site, |path| {
        let in_wallet = path.starts_with("wallet/") && path != PATH && path != REALM;
        in_wallet || path.starts_with("shared/") || path.starts_with("wasm/wallet")
    });
    files.push((format!("/{REALM}"), realm.hash));
    files
}

/// Address and hash of each file that is served and wanted.
fn hashed(site: &dyn Site, is_wanted: impl Fn(&str) -> bool) -> Vec<(String, [u8; 32])> {
    let wanted = |path: &String| is_wanted(path) && content_type(path).is_some();
    let files = site.paths().into_iter().filter(wanted).filter_map(|path| {
        let hash = site.file(&path)?.hash;
        let address = if path == "wallet/index.html" { "wallet/" } else { &path };
        Some((format!("/{address}"), hash))
    });
    files.collect()
}

fn version(files: &[(String, [u8; 32])]) -> String {
    let mut all = Vec::new();
    for (address, hash) in files {
        // Addresses have no line break, so the parts cannot run into each other.
        all.extend_from_slice(address.as_bytes());
        all.push(b'\n');
        all.extend_from_slice(hash);
    }
    HEXLOWER.encode(&sha256(&[&all])[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Sample;

    const SCRIPT: &str = "const VERSION = /*VERSION*/'dev';\nconst FILES = /*FILES*/[];\n";

    fn site() -> Sample {
        Sample(
            [
                ("checkout/app.js", "checkout"),
                ("shared/dom.js", "dom"),
                ("wallet/app.js", "app"),
                ("wallet/engine/types.d.ts", "types"),
                ("wallet/gallery.js", "gallery"),
                ("wallet/index.html", "index"),
                (PATH, SCRIPT),
                ("wasm/checkout_bg.wasm", "checkout"),
                ("wasm/scan_bg.wasm", "scan"),
                ("wasm/wallet_bg.wasm", "wallet"),
            ]
            .into(),
        )
    }

    fn text(site: &Sample, realm: &'static str) -> String {
        let script = site.file(PATH).expect("the sample has a worker");
        String::from_utf8(written(&script, site, &File::of(realm.as_bytes())).bytes.to_vec())
            .expect("a script is text")
    }

    #[test]
    fn the_list_has_what_the_wallet_needs_and_nothing_else() {
        let list =
            r#"["/shared/dom.js","/wallet/app.js","/wallet/","/wasm/wallet_bg.wasm","/wallet/realm.json"]"#;
        assert!(
            text(&site(), "realm").contains(&format!("const FILES = {list};\n")),
            "{}",
            text(&site(), "realm")
        );
    }

    #[test]
    fn the_version_follows_every_file_that_is_kept_and_no_other() {
        let first = text(&site(), "realm");
        assert!(!first.contains("'dev'"));
        assert_eq!(first, text(&site(), "realm"));
        assert_ne!(first, text(&site(), "other realm"));
        let with = |path, content| {
            let mut site = site();
            site.0.insert(path, content);
            text(&site, "realm")
        };
        assert_ne!(first, with("wallet/index.html", "changed"));
        assert_ne!(first, with("wallet/new.js", ""));
        assert_ne!(first, with("wasm/scan_bg.wasm", "changed"));
        assert_eq!(first, with("checkout/app.js", "changed"));
    }
}
