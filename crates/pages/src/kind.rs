//! Which files are served, and as what. What is not listed here stays inside.

/// The content type of the file at this path; none if such a file is not served.
pub(crate) fn content_type(path: &str) -> Option<&'static str> {
    let is_plain = path.split('/').all(is_plain);
    let name = path.rsplit('/').next().unwrap_or(path);
    if !is_plain || is_for_developers(name) {
        return None;
    }
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "json" => Some("application/json"),
        "wasm" => Some("application/wasm"),
        "webmanifest" => Some("application/manifest+json"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        _ => None,
    }
}

/// A part of a path that cannot mean anything but a file's or folder's name.
fn is_plain(part: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_letter)
}

/// Galleries show every screen with samples, for tests; declarations are for the type check.
fn is_for_developers(name: &str) -> bool {
    name.starts_with("gallery.") || name.starts_with("samples.") || name.ends_with(".d.ts")
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn known_files_have_their_type_and_others_are_not_served() {
        for (path, expected) in [
            ("wallet/index.html", Some("text/html; charset=utf-8")),
            ("shared/dom.js", Some("text/javascript; charset=utf-8")),
            ("wasm/wallet_bg.wasm", Some("application/wasm")),
            ("wallet/manifest.webmanifest", Some("application/manifest+json")),
            ("wallet/icons/192.png", Some("image/png")),
            ("wallet/gallery.js", None),
            ("wallet/samples.js", None),
            ("wallet/engine/types.d.ts", None),
            ("wallet/engine/types.ts", None),
            ("tsconfig", None),
            ("wallet/.hidden.js", None),
            ("wallet/../wallet/app.js", None),
            ("wallet//app.js", None),
            ("/wallet/app.js", None),
            ("wallet/%2e%2e/app.js", None),
            ("wallet\\app.js", None),
            ("", None),
        ] {
            assert_eq!(content_type(path), expected, "{path}");
        }
    }
}
