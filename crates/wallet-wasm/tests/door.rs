//! The wallet's door as a page uses it, as far as it goes without a browser's keys.

use crypto::{p256::SigningKey, x25519::PublicKey};
use protocol::{
    key_bundle::KeyId,
    realm::Realm,
    realm_file::{ActivationKey, AppIdentity, RealmFile},
};
use serde_json::Value;
use wallet_wasm::{
    Wallet, check_activation_code, check_device_name, check_pin, check_till, confirmation_encs, notice_encs,
    qr, question_enc,
};

const NOW_MS: f64 = 1_790_000_000_000.0;

fn realm_file() -> String {
    let root = SigningKey::from_scalar(&[7; 32]).unwrap();
    let file = RealmFile {
        realm: Realm::new("shop.example").unwrap(),
        server_url: "https://pay.shop.example".to_owned(),
        activation_key: ActivationKey { key_id: KeyId(1), public_key: PublicKey([9; 32]).into() },
        root_public_key: root.verifying_key().clone(),
        tls_roots_pem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned(),
        app: AppIdentity { id: "example.wallet".to_owned(), version: "1.0".to_owned() },
    };
    file.to_json().unwrap()
}

#[test]
fn a_fresh_wallet_is_stored_and_opened_under_its_key_alone() {
    let wallet = Wallet::fresh(&realm_file()).unwrap();
    let view: Value = serde_json::from_str(&wallet.view(NOW_MS)).unwrap();
    assert_eq!(
        (&view["phase"], &view["methods"][0], &view["app_version"]),
        (&"new".into(), &Value::Null, &"1.0".into())
    );
    let sealed = wallet.seal(vec![7; 32]).unwrap();
    assert!(Wallet::open(vec![7; 32], &sealed).is_ok());
    let kinds = [(vec![8; 32], "damaged"), (vec![7; 31], "vault")];
    for (key, kind) in kinds {
        let fault = Wallet::open(key, &sealed).map(drop).unwrap_err();
        assert!(format!("{fault:?}").starts_with(kind), "{fault:?}");
    }
    assert!(format!("{:?}", Wallet::fresh("{}").map(drop).unwrap_err()).starts_with("refused"));
}

#[test]
fn nothing_is_done_before_activation() {
    let mut wallet = Wallet::fresh(&realm_file()).unwrap();
    let wish = r#"{"slot":null,"cap_minor":null,"till":null}"#;
    let faults = [
        format!("{:?}", wallet.make_code(b"493817".to_vec(), wish, NOW_MS).map(drop).unwrap_err()),
        format!("{:?}", wallet.prepare_request("GET", "/v1/methods", b"", NOW_MS).map(drop).unwrap_err()),
    ];
    assert!(faults.iter().all(|fault| fault.starts_with("not_activated")), "{faults:?}");
    let faults = [
        wallet.read_devices(r#"{"devices":[],"devices_max":5}"#).map(drop).unwrap_err(),
        wallet.revoke_request("0000a1b2c3d4", true, false, b"493817".to_vec()).map(drop).unwrap_err(),
        wallet.move_request(b"493817".to_vec()).map(drop).unwrap_err(),
        wallet.see_notices(1).unwrap_err(),
        wallet.draft_renewal().map(drop).unwrap_err(),
        wallet.begin_pin_reset("7K3M-9QXA-T2WD", b"493817".to_vec()).unwrap_err(),
    ];
    let faults = faults.map(|fault| format!("{fault:?}"));
    assert!(faults.iter().all(|fault| fault.starts_with("not_activated")), "{faults:?}");
    assert!(!wallet.is_renewal_due(NOW_MS) && wallet.noticed_through() == 0);
    assert!(wallet.pin_change_under_way().is_none() && !wallet.is_pin_reset_under_way());
    assert!(format!("{:?}", wallet.renew_code(NOW_MS).map(drop).unwrap_err()).starts_with("enter_pin_again"));
    assert!(wallet.pending_activation().is_none() && wallet.renewals_left(NOW_MS) == 0);
}

#[test]
fn what_is_typed_is_checked() {
    let why = |pin: &str| check_pin(pin.as_bytes().to_vec());
    assert_eq!(why("493817"), None);
    assert_eq!(why("12a456").as_deref(), Some("pin_digits"));
    assert_eq!(why("12345").as_deref(), Some("pin_too_short"));
    assert_eq!(why("1234567890123").as_deref(), Some("pin_too_long"));
    assert_eq!(why("123456").as_deref(), Some("pin_obvious"));
    assert!(check_till("5724") && !check_till("5725"));
    assert!(check_activation_code("7k3m-9qxa-t2wd") && !check_activation_code("7k3m"));
    assert!(["", "Küche", &"x".repeat(64)].into_iter().all(check_device_name));
    // Sixty-four bytes at most, and nothing that steers a line: the server takes no more.
    assert!(![&"x".repeat(65), &"ü".repeat(33), "a\u{202e}b", "a\nb"].into_iter().any(check_device_name));
    let mut wallet = Wallet::fresh(&realm_file()).unwrap();
    let code = wallet.begin_pin_reset("7K3M", b"493817".to_vec()).unwrap_err();
    assert!(format!("{code:?}").starts_with("bad_activation_code"), "{code:?}");
}

#[test]
fn a_text_is_drawn_as_a_square_and_a_page_s_confirmations_give_their_keys() {
    let drawn: Value = serde_json::from_str(&qr("https://example.test/wallet/").unwrap()).unwrap();
    let side = drawn["side"].as_u64().unwrap();
    assert_eq!(drawn["modules"].as_str().unwrap().len() as u64, side * side);
    assert!(qr("").is_err() && qr(&"x".repeat(5_000)).is_err());
    // One that is no confirmation gives zeros in its place, so that the others keep theirs.
    let page = r#"{"confirmations":[{"sequence":1,"sealed":"AA"}],"has_more":false}"#;
    assert_eq!(confirmation_encs(page).unwrap(), vec![0; 32]);
    assert!(confirmation_encs("[]").is_err());
    let page = r#"{"notices":[{"sequence":1,"sealed":"AA"},{"sequence":2,"sealed":"?"}],"has_more":false}"#;
    assert_eq!(notice_encs(page).unwrap(), vec![0; 64]);
    assert!(notice_encs("[]").is_err());
}

#[test]
fn a_question_gives_its_key_and_is_opened_by_a_wallet_that_is_activated_alone() {
    let view = |sealed: &str| {
        format!(r#"{{"id":"apr_00000000000000000000000007","sealed":"{sealed}","expires_at_ms":9}}"#)
    };
    // Version and suite and the key's id, then nothing but fives: the encapsulated key, and enough content.
    let sealed = view(&format!("EQAB{}", "BQUF".repeat(80)));
    assert_eq!(question_enc(&sealed).unwrap(), vec![5; 32]);
    for bad in [view("AA"), view("?"), view(&"A".repeat(9_000)), "[]".to_owned()] {
        let fault = question_enc(&bad).unwrap_err();
        assert!(format!("{fault:?}").starts_with("refused"), "{fault:?}");
    }
    let wallet = Wallet::fresh(&realm_file()).unwrap();
    let faults = [(vec![0; 31], "vault"), (vec![0; 64], "vault"), (vec![0; 32], "not_activated")];
    for (agreed, kind) in faults {
        let fault = wallet.open_question(&sealed, &[9; 32], agreed).map(drop).unwrap_err();
        assert!(format!("{fault:?}").starts_with(kind), "{fault:?}");
    }
}
