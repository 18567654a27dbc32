//! International bank account numbers (ISO 13616), as this bank gives them out.

use bank_api::AccountId;

/// The bank's number within Switzerland. No real bank has it.
const CLEARING_NUMBER: u32 = 39_999;

/// The IBAN of an account: `CH`, two check digits, five digits for the bank, twelve for the account.
pub(crate) fn derive_iban(account: AccountId) -> String {
    let basic = format!("{CLEARING_NUMBER:05}{:012}", account.0);
    let check = 98 - remainder_97(&format!("{basic}CH00"));
    format!("CH{check:02}{basic}")
}

/// `CH9300762011623852957` in groups of four.
pub(crate) fn in_groups(iban: &str) -> String {
    let mut text = String::with_capacity(iban.len() + iban.len() / 4);
    for (place, character) in iban.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push(' ');
        }
        text.push(character);
    }
    text
}

/// Enough for its owner to recognise it: the first four and the last five characters.
pub(crate) fn masked(iban: &str) -> String {
    let characters: Vec<char> = iban.chars().collect();
    let shown =
        |range: core::ops::Range<usize>| characters.get(range).unwrap_or_default().iter().collect::<String>();
    let end = characters.len();
    format!("{} •••• {} {}", shown(0..4), shown(end - 5..end - 1), shown(end - 1..end))
}

/// The number that the text stands for, letters counted from A = 10, modulo 97 (ISO 7064).
fn remainder_97(text: &str) -> u32 {
    text.chars().filter_map(|c| c.to_digit(36)).fold(0, |rest, digit| {
        let shift = if digit < 10 { 10 } else { 100 };
        (rest * shift + digit) % 97
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the check digits fit: moved to the end, the number leaves 1.
    fn is_valid(iban: &str) -> bool {
        let (head, rest) = iban.split_at(4);
        remainder_97(&format!("{rest}{head}")) == 1
    }

    #[test]
    fn check_digits_fit() {
        assert!(is_valid("CH9300762011623852957"), "the example of the Swiss registry");
        assert!(!is_valid("CH9300762011623852958"));
        for number in [0, 1, 7, 999, 123_456_789_012] {
            let iban = derive_iban(AccountId(number));
            assert!(iban.len() == 21 && is_valid(&iban), "{iban}");
        }
    }

    #[test]
    fn shown_in_groups_or_mostly_hidden() {
        assert_eq!(in_groups("CH9300762011623852957"), "CH93 0076 2011 6238 5295 7");
        assert_eq!(masked("CH9300762011623852957"), "CH93 •••• 5295 7");
    }
}
