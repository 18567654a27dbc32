//! The headers of every answer: what a page may load, and who may show it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// What a page may do. Everything comes from its own origin, nothing inline, and text becomes markup or code only
/// through the one policy `batzen`, which names the worker's script and nothing else.
const CONTENT: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
     frame-src 'self'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; \
     trusted-types batzen";

/// Sensors and powers: the camera for codes, a screen that stays awake while one is shown, and nothing else.
const POWERS: &str = "camera=(self), screen-wake-lock=(self), accelerometer=(), autoplay=(), \
     browsing-topics=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), \
     hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), \
     picture-in-picture=(), publickey-credentials-create=(), publickey-credentials-get=(), serial=(), usb=(), \
     xr-spatial-tracking=()";

/// The same for every answer of one listener.
#[derive(Clone, Debug)]
pub(crate) struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    pub(crate) fn new(may_be_framed: bool) -> Self {
        let frames = if may_be_framed { "'self'" } else { "'none'" };
        let content = HeaderValue::from_str(&format!("{CONTENT}; frame-ancestors {frames}"));
        let content = content.expect("the policy is printable ASCII");
        let fixed = HeaderValue::from_static;
        Self(vec![
            (header::CONTENT_SECURITY_POLICY, content),
            (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
            (header::REFERRER_POLICY, fixed("no-referrer")),
            (HeaderName::from_static("cross-origin-opener-policy"), fixed("same-origin")),
            (HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin")),
            (HeaderName::from_static("permissions-policy"), fixed(POWERS)),
            // Asked again each time and mostly answered with 304: a mended page is there at once.
            (header::CACHE_CONTROL, fixed("no-cache")),
        ])
    }

    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name, value.clone());
        }
    }
}
