//! The authentication statement, as payment servers and banks read it.

use crate::support::{signing_key, with_one_bit_turned};
use protocol::authentication_statement::SignedStatement;

/// The input as bytes that the statement key did sign.
pub fn authentication_statement(data: &[u8]) {
    let key = signing_key(3);
    let signed = SignedStatement { statement_bytes: data.to_vec(), signature: key.sign(&[data]) };
    let banks = serde_json::from_slice::<bank_api::AuthenticationStatement>(data);
    let Ok(statement) = signed.verify(key.verifying_key()) else { return };
    let again = statement.sign(&key).expect("what was read can be signed");
    assert_eq!(again.verify(key.verifying_key()).as_ref(), Ok(&statement));
    if let Ok(banks) = banks {
        assert_eq!(banks.hold_id.as_str(), statement.hold_id);
        assert_eq!(banks.account_ref.as_str(), statement.account_ref);
        assert_eq!((banks.amount_minor, banks.currency), (statement.amount_minor, statement.currency));
        assert_eq!(banks.at_ms, statement.at);
    }
    let turned = SignedStatement { statement_bytes: with_one_bit_turned(data, data), ..signed };
    assert!(turned.verify(key.verifying_key()).is_err(), "a changed statement was believed");
}
